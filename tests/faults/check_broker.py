"""Brokers that are not there, die, or do not let us in (rows 14, 15)."""
import os
import threading
import time

import ports

import check_topics
from engine import (COPY, COUNT, RELEASE, Case, asked, counted, equal, exact, must, nothing_lost, numbers,
                    rows, stat_bytes, test, until)

MB = 1 << 20
SLACK = 80 * MB


def with_own_broker(case, call):
    with type(case.broker)() as broker:
        own = Case(broker, case.name)
        try:
            call(own, broker)
        finally:
            own.close()


class Load(threading.Thread):
    """Records 0 to count, each once, from a client of its own, over whatever happens to the broker.

    They are of today: a broker that was killed forgets the producers whose newest record is older than
    producer.id.expiration.ms, and would write again what such a one sends again."""

    def __init__(self, case, count, portion):
        super().__init__(daemon=True)
        self.case = Case(case.broker, case.name)
        self.count, self.portion = count, portion
        self.began = int(time.time() * 1000)
        self.done = 0
        self.error = None

    def run(self):
        try:
            while self.done < self.count:
                self.case.produce('src', rows(self.done, self.done + self.portion, began=self.began))
                self.done += self.portion
                time.sleep(0.02)
        except Exception as e:
            self.error = e

    def end(self):
        self.join(120)
        self.case.close()
        must(not self.error and self.done == self.count, 'input: %s' % self.error)


def killed_under_load(case, eos):
    def call(own, broker):
        own.create('src', 2)
        engine = own.run(COUNT, eos=eos)
        load = Load(own, 3000, 50)
        load.start()
        for at in (500, 1500):
            until(lambda: load.done >= at)
            broker.kill()
            time.sleep(0.3)
            broker.resume()
        load.end()
        equal(len(own.records('src')), 3000, 'records of the test itself')
        if eos:
            exact(own, 3000)
            counted(own, 3000)
            engine.stop()
            exact(own, 3000)
        else:
            nothing_lost(own, 3000)
            engine.stop()
    with_own_broker(case, call)


@test
def broker_killed_exactly_once(case):
    """Row 14: the broker is killed and comes back, twice, under load: exactly_once_v2 loses nothing and
    repeats nothing; the engine is not restarted."""
    killed_under_load(case, True)


@test
def broker_killed_at_least_once(case):
    """Row 14: the same under at_least_once: nothing is lost."""
    killed_under_load(case, False)


@test
def broker_down_for_long(case):
    """Row 15: while the broker is down nothing grows in memory, and when it is back the engine goes on
    by itself, exactly once."""
    def call(own, broker):
        own.create('src', 2)
        own.produce('src', rows(0, 20000, pad=300))
        engine = own.run(COUNT, weir=RELEASE)
        own.records('copied', 10000)
        broker.kill()
        time.sleep(1)
        before = engine.rss()
        time.sleep(asked('DOWN_SECONDS', 8))
        must(engine.process.poll() is None, 'it ended:', engine.stderr())
        after = engine.rss()
        case.note('%.1f MB, then %.1f MB', before / MB, after / MB)
        must(after < before + SLACK, 'grew from %d to %d bytes' % (before, after))
        broker.resume()
        exact(own, 20000, seconds=120)    # it waits for longer and longer between its attempts
        counted(own, 20000)
        engine.stop()
    with_own_broker(case, call)


@test
def far_behind(case):
    """Row 15: with many records to catch up with, memory is bounded, and each of them counts once."""
    records = asked('BEHIND', 300000)
    case.create('src', 4)
    case.feed('src', (b'{"key":"k%d","value":{"n":%d,"pad":"%s"}}\n' % (n % 7, n, b'x' * 60) for n in range(records)))
    began = time.monotonic()
    engine = case.run(COUNT.replace('FROM src;', 'FROM src WHERE n % 1000 = 0;', 1), weir=RELEASE)
    counted(case, records, seconds=120 + records / 5000)
    took = time.monotonic() - began
    peak = stat_bytes(engine.process.pid, 'VmHWM')
    engine.stop()
    equal(sorted(n for part in numbers(case.records('copied')).values() for n in part), list(range(0, records, 1000)))
    case.note('%d records in %.1f s, at most %.1f MB', records, took, peak / MB)
    must(peak < 250 * MB, 'took %d MB' % (peak / MB))


@test
def damaged_batch(case):
    """A batch whose checksum is wrong on the broker's disk is not read, and nothing behind it, neither by
    this run nor by the next: the query stops and says topic, partition and offset. Other queries go on."""
    def call(own, broker):
        for name in ('src', 'other'):
            own.create(name)
            for n in (0, 10, 20):
                own.produce(name, rows(n, n + 10))
        broker.stop()       # in order: a log that was left open would be cut at the damage
        path = os.path.join(broker.folder, 'node1/data/%s-0/%020d.log' % (own.topic('src'), 0))
        with open(path, 'r+b') as f:
            at = f.read().index(b'"n": 15')
            f.seek(at + 5)
            f.write(b'7')       # still JSON
        broker.start()
        sql = COPY + COPY.replace('src', 'other').replace('copied', 'others')
        for count in (40, 50):
            engine = own.run(sql)
            engine.says('stopped: topic %s, partition 0: ' % own.topic('src'), 'offset 10', 'checksum')
            exact(own, count - 10, 'others')
            own.produce('other', rows(count - 10, count))
            exact(own, count, 'others')
            engine.stop_failed()
            got = numbers(own.records('copied')).get(0, [])
            must(got == list(range(len(got))) and len(got) <= 10, 'read:', got)
    with_own_broker(case, call)


@test
def unreachable_at_the_start(case):
    """No broker at the start: one clear line per attempt, with longer and longer pauses; when one
    comes, the engine starts; SIGTERM ends it meanwhile."""
    port = ports.hold()
    engine = case.run(COPY, servers='127.0.0.1:%d' % port)
    said = engine.says('trying again in 0.5 s', 'trying again in 1.0 s', '127.0.0.1:%d: cannot connect' % port,
                       'Connection refused')
    must(all('cannot connect' in line for line in said.splitlines()), said)
    engine.stop()


@test
def unreachable_and_told_to_exit(case):
    """--exit-on-connect-failure: exit status 4, one line."""
    port = ports.hold()
    said = case.run(COPY, '--exit-on-connect-failure', servers='127.0.0.1:%d' % port).ends(4, 'Connection refused')
    must(said.count('\n') == 1, said)


@test
def wrong_password(case):
    """Wrong credentials: exit status 4, one line that says what to check, no endless attempts."""
    said = case.run(COPY, *check_topics.alice('wrong'), servers=case.broker.sasl_bootstrap).ends(
        4, 'Authentication failed', 'check security.protocol, sasl.mechanism, sasl.username')
    must('trying again' not in said, said)


@test
def no_right_to_its_group(case):
    """Without the right to its group the engine does not start, and says what lacks."""
    case.create('src')
    case.client.allow('alice', 'topic', case.topic('src'), 'read')
    engine = case.run(COPY, *check_topics.alice(), '--set', 'application.id=elsewhere', servers=case.broker.sasl_bootstrap)
    engine.ends(1, 'elsewhere-', 'authorization failed', 'the user lacks an ACL')
