"""Lives and deaths: runs the engine over a feed, kills it at fault points and at random times, until the
number of kills is reached and the input is consumed; then everything is compared."""
import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time

import check
from embedded import Broken, SECONDS, ended, environment
from model import expected, filtered
from workload import Feed

SCRATCH = '/dev/shm' if os.path.isdir('/dev/shm') else None
SETTLE_SECONDS = 20.0    # a broker needs some time to end the transactions of a dead process
TRIES = 6                # to die at a point that has to be reached


def known_points(weir):
    """Names of the fault points that are compiled in."""
    done = subprocess.run([weir, 'version', '--faults'], stdout=subprocess.PIPE, check=True, timeout=SECONDS,
                          env=environment())
    return [text.split()[0] for text in done.stdout.decode().splitlines() if text.strip()]


class Figures:
    def __init__(self):
        self.kills = self.restarts = self.records_in = self.records_out = 0
        self.points = {}                 # name: how often the process died or failed there
        self.anomalies = check.Anomalies()
        self.broken = []

    def add(self, other):
        self.kills += other.kills
        self.restarts += other.restarts
        self.records_in += other.records_in
        self.records_out += other.records_out
        for name, n in other.points.items():
            self.points[name] = self.points.get(name, 0) + n
        for kind, n in other.anomalies.counts.items():
            self.anomalies.counts[kind] += n
        self.anomalies.told += other.anomalies.told
        self.broken += other.broken

    def ok(self):
        return self.anomalies.total() == 0 and not self.broken


class Scenario:
    """One data directory from its making to the end of its input. `points`: where the process has to die
    at least once."""

    def __init__(self, backend, weir, seed, kills, points, keep=None, **options):
        self.rng = random.Random('kills %d' % seed)
        self.seed, self.kills, self.keep, self.options = seed, kills, keep, options
        self.figures = Figures()
        self.folder = tempfile.mkdtemp(prefix='weir-crash-', dir=SCRATCH)
        self.feed = Feed(seed, keys=options.get('keys', 12), per_portion=options.get('per_portion', 150),
                         pad=options.get('pad', 0), any_late=options.get('piped', False))
        self.backend = backend(self.folder, weir, self.feed, seed=seed, **options)
        self.mode = check.Mode(thin=options.get('coalesce', True), replays=self.backend.replays,
                               loose=self.backend.piped)
        self.wanted = list(points)
        self.tries = dict.fromkeys(points, 0)
        self.before = None               # the last snapshot
        self.streams = {'BIG': {}, 'BIG_EVEN': {}, 'BY_G': {}}   # expected, as far as the feed is

    def run(self):
        f = self.figures
        try:
            while f.kills < self.kills or self.wanted or self.feed.total() < self.options.get('records', 0):
                made = self.feed.portion()
                filtered(made['orders'], self.streams)
                self.backend.add_input(made)
                self.life()
                while not self.backend.settles and (f.kills < self.kills or self.wanted) and (
                        self.rng.random() < 0.5):
                    self.life()
            self.end()
        except Exception as e:          # whatever it is: it is told, and the other scenarios go on
            f.broken.append('%s: %s' % (type(e).__name__, e))
        finally:
            self.backend.close()
            if self.backend.process:
                self.backend.process.kill()
                self.backend.process.wait()
        f.records_in = self.feed.total()
        if self.keep and not f.ok():
            to = os.path.join(self.keep, 'seed-%d' % self.seed)
            shutil.rmtree(to, ignore_errors=True)
            shutil.copytree(self.folder, to, ignore=lambda d, names: [n for n in names if n.startswith('pipe.')])
        shutil.rmtree(self.folder, ignore_errors=True)
        return f

    # ---- one life

    def next_fault(self):
        """(point or None for a time, spec)."""
        most = None
        if self.wanted:
            point = self.wanted.pop()
            self.tries[point] += 1
            most = 1 if self.tries[point] > 1 else None    # sooner than the last time
        elif self.rng.random() < 0.35:
            return None, ''
        else:
            point = self.rng.choice(self.backend.points)
        nth = most or self.rng.randint(*self.backend.nth.get(point, self.backend.nth_commit))
        action = 'kill'
        if point != 'topic.appended' and self.figures.points.get(point) and self.rng.random() < 0.2:
            action = 'error'
        return point, '%s:%d:%s' % (point, nth, action)

    def life(self):
        """Starts, dies or ends. Then again at once, now and then to die while it recovers."""
        point, spec = self.next_fault()
        leads = self.backend.after.get(point)
        if leads:
            self.one_life(leads, '%s:2:kill' % leads)
        self.one_life(point, spec)
        if point in self.tries and point not in self.figures.points and self.tries[point] < TRIES:
            self.wanted.append(point)
        if self.rng.random() < 0.25:
            point = self.rng.choice(self.backend.recovery)
            self.one_life(point, '%s:%d:kill' % (point, self.rng.randint(*self.backend.nth.get(point, (1, 1)))), recovers=True)
        self.look()

    def one_life(self, point, spec, recovers=False):
        f = self.figures
        f.restarts += 1
        kind = self.rng.choices(('kill', 'term', 'term, kill'), (8, 1, 1))[0] if not spec else 'kill'
        process = self.backend.start(spec, with_input=not recovers)
        killed = False
        try:
            process.wait(self.backend.reach_seconds if spec else self.rng.random() * self.backend.random_seconds)
        except subprocess.TimeoutExpired:
            killed = self.put_down(process, 'term' if spec else kind)
        status = ended(process)
        self.backend.end_life()
        self.judge(status, killed, point)

    def put_down(self, process, kind):
        if kind == 'kill':
            process.kill()
            return True
        process.terminate()
        if kind == 'term':
            return False
        time.sleep(self.rng.random() * 0.02)
        process.kill()
        return True

    def judge(self, status, killed, point):
        f = self.figures
        if status == -signal.SIGKILL:
            f.kills += 1
            if not killed:
                f.points[point] = f.points.get(point, 0) + 1
        elif status == 1 and point and 'injected fault at ' + point in self.backend.stderr():
            f.kills += 1
            f.points[point] = f.points.get(point, 0) + 1
        elif status not in (0, -signal.SIGTERM):     # before it listens, SIGTERM ends it at once
            raise Broken('life %d (%s) ended with status %d\n%s' % (
                self.backend.lives, point or 'a random time', status, self.backend.stderr()[-3000:]))
        elif self.backend.stderr():
            raise Broken('life %d complains\n%s' % (self.backend.lives, self.backend.stderr()[-3000:]))

    # ---- what is left

    def look(self):
        """A process that died may have left something to the broker to be ended, so what is torn is
        looked at again a little later."""
        a = self.figures.anomalies
        seen = self.backend.seen()
        until = time.monotonic() + (SETTLE_SECONDS if self.backend.settles else 0)
        while True:
            now = self.backend.snapshot()
            found = check.Anomalies()
            check.check_snapshot(self.streams, now, self.mode.replays, found)
            if found.total() == 0 or time.monotonic() >= until:
                break
            time.sleep(0.1)
        a.merge(found)
        check.check_kept(seen, now, 'shown in life %d' % self.backend.lives, a)
        if self.before:
            check.check_kept(self.before, now, 'after life %d' % self.backend.lives, a)
        for topic in self.backend.sources:
            check.check_source(topic, self.feed.records[topic], now[topic], a, complete=not self.mode.loose)
        self.before = now

    def end(self):
        a = self.figures.anomalies
        wanted = expected(self.feed.records)
        wanted = {topic: groups for topic, groups in wanted.items() if topic in self.backend.outputs}

        def complete(topics):
            found = check.Anomalies()
            check.check_end(wanted, topics, self.mode, found)
            return found.counts['lost'] == 0

        topics = self.backend.finish(complete)
        if self.before:
            check.check_kept(self.before, topics, 'at the end', a)
        for topic in self.backend.sources:
            check.check_source(topic, self.feed.records[topic], topics[topic], a)
        check.check_end(wanted, topics, self.mode, a)
        self.figures.records_out = sum(len(p) for t in self.backend.outputs for p in topics[t])
        if self.keep and a.total():
            os.makedirs(self.keep, exist_ok=True)
            with open(os.path.join(self.keep, 'topics-%d.json' % self.seed), 'w', encoding='utf-8') as out:
                json.dump(topics, out)
