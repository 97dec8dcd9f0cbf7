"""How a process ends, and what two processes do to each other (rows 4, 5, 7, 8)."""
import json
import os
import shutil
import signal
import time

from engine import (COPY, COUNT, FENCED, RELEASE, SECONDS, STOPPED, Case, asked, counted, equal, exact, must, nothing_lost,
                    rows, test, until)


def both(case: Case, **how):
    """The engine on 300 records, of which it has done some."""
    case.create('src', 2)
    case.produce('src', rows(0, 300))
    engine = case.run(COUNT, **how)
    case.records('copied', 300)
    return engine


@test
def sigterm_ends_in_order(case):
    """Row 4: SIGTERM: everything that was read is committed, exit status 0; the next
    run goes on there, and nothing is lost or repeated."""
    engine = both(case)
    engine.stop()
    equal(len(case.records('copied')), 300)
    case.produce('src', rows(300, 600))
    engine = case.run(COUNT)
    exact(case, 600)
    counted(case, 600)
    engine.stop()
    exact(case, 600)


@test
def sigterm_in_a_commit(case):
    """Row 4: SIGTERM while a commit is under way: it is finished, or undone as a whole."""
    case.create('src', 2)
    case.produce('src', rows(0, 300))
    for point in ('epoch.flushed', 'pending.written', 'txn.committed'):
        engine = case.run(COUNT, env={'WEIR_FAULT': point + ':1:sleep=1500'})
        until(lambda: os.path.exists(case.path('data', 'LOCK')))
        time.sleep(1.0)     # no harm when it comes before or after: the result is the same
        engine.stop()
    case.run(COUNT)
    exact(case, 300)
    counted(case, 300)


@test
def sigterm_without_a_broker(case):
    """Row 4: with the broker stopped, SIGTERM ends the process all the same, a second one at once; the
    next run goes on from the last commit, and nothing is lost or repeated."""
    with type(case.broker)() as broker:
        own = Case(broker, case.name)
        try:
            for first, signals in ((0, 2), (300, 1)):
                own.create('src', 2) if first == 0 else None
                engine = own.run(COUNT)
                own.records('copied', first)
                own.produce('src', rows(first, first + 300))
                own.records('copied', first + 1)
                os.kill(broker.pids[0], signal.SIGSTOP)
                until(engine.listens)
                time.sleep(0.2)     # it waits for the broker, or will: both must end
                engine.send(signal.SIGTERM)
                if signals == 2:
                    until(lambda: not engine.listens(), what='the first signal is not taken')
                    engine.send(signal.SIGTERM)
                got = engine.process.wait(SECONDS)
                must(signals == 1 or got == -signal.SIGTERM, 'the second signal did not end it: status', got)
                os.kill(broker.pids[0], signal.SIGCONT)
            own.run(COUNT)
            exact(own, 600)
            counted(own, 600)
        finally:
            own.close()


@test
def zombie_is_fenced(case):
    """Rows 5, 8: a stopped process whose copied data directory another one has taken over ends with
    a clear message when it goes on, exit status 1, and readers of what is committed never see
    anything twice."""
    engine = both(case)
    engine.send(signal.SIGSTOP)
    shutil.copytree(case.path('data'), case.path('copy'))
    case.produce('src', rows(300, 600))
    second = case.run(COUNT, data='copy')
    exact(case, 600)
    engine.send(signal.SIGCONT)
    case.produce('src', rows(600, 900))
    engine.ends(1, FENCED)
    exact(case, 900)
    counted(case, 900)
    second.stop()


@test
def stopped_process_goes_on(case):
    """Row 5: a process that was stopped for longer than its transactions may last goes on by itself,
    and nothing is lost or repeated."""
    engine = both(case, weir_settings={'transaction.timeout.ms': 1000, 'message.timeout.ms': 900, 'socket.timeout.ms': 900})
    case.produce('src', rows(300, 600))
    time.sleep(0.04)
    engine.send(signal.SIGSTOP)
    time.sleep(3.5)
    engine.send(signal.SIGCONT)
    case.produce('src', rows(600, 900))
    exact(case, 900)
    counted(case, 900)
    engine.stop()
    exact(case, 900)


@test
def one_process_for_a_directory(case):
    """Row 7: a second process on the same data directory is refused, exit status 1; the first one is
    not disturbed."""
    both(case)
    case.run(COUNT).ends(1, 'is in use by another process', 'use another data directory')
    case.produce('src', rows(300, 400))
    exact(case, 400)


@test
def old_copy_is_refused(case):
    """Row 8: a data directory that is older than what it has committed to Kafka is refused: it would
    repeat results."""
    engine = both(case)
    engine.stop()
    shutil.copytree(case.path('data'), case.path('copy'))
    case.produce('src', rows(300, 600))
    engine = case.run(COUNT)
    exact(case, 600)
    engine.stop()
    case.run(COUNT, data='copy').ends(1, 'it is an old copy', 'use the newest copy')
    exact(case, 600)


@test
def killed_it_resumes_at_once(case):
    """Row 1: after kill -9 the next process takes its partitions at once: the first new output does not wait for
    the timeout of a session or a transaction (45 s and 60 s); -v shows the seconds."""
    engine = both(case)
    engine.kill()
    case.produce('src', rows(300, 301))
    engine = case.run(COUNT)
    case.records('copied', 301)
    took = time.monotonic() - engine.started
    must(took < 40, 'took %.1f s' % took)
    case.note('%.2f s', took)
    exact(case, 301)


@test
def resumes_with_state(case):
    """Row 1: after kill -9 a process with much state is soon where it was: shown are the seconds until the first
    new output."""
    keys = asked('KEYS', 100000)
    case.create('src', 2)
    case.feed('src', (b'{"key":"k%d","value":{"n":%d}}\n' % (n, n) for n in range(keys)))
    sql = COUNT.replace('FROM src;', 'FROM src WHERE n < 0;', 1)
    engine = case.run(sql, weir=RELEASE)
    ends = case.client.topic_end_offsets
    until(lambda: case.topic('counted') in case.client.topics() and
          sum(ends(case.topic('counted'), 'read_committed').values()) > keys, 120)
    engine.kill()
    case.produce('src', [('k0', {'n': -1})])
    engine = case.run(sql, weir=RELEASE)
    case.records('copied', 1)
    case.note('%d keys, first output %.2f s after the start, %.2f s of CPU', keys, time.monotonic() - engine.started,
              engine.cpu())
    until(lambda: [json.loads(r.value)['N'] for r in case.records('counted') if r.key == b'k0'][-1] == 2)
    engine.stop()


@test
def at_least_once_loses_nothing(case):
    """Row 1: killed at random under at_least_once, everything arrives, in order but for replays."""
    case.create('src', 2)
    for life in range(4):
        case.produce('src', rows(life * 100, life * 100 + 100))
        engine = case.run(COPY, eos=False)
        time.sleep(0.6 + life * 0.15)
        engine.kill()
    engine = case.run(COPY, eos=False)
    nothing_lost(case, 400)
    engine.stop()
    must(json.loads(case.records('copied')[-1].value)['N'] >= 0)
    equal(engine.process.returncode, STOPPED)
