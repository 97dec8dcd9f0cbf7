"""Many scenarios, several at once, and what they add up to."""
import concurrent.futures
import os
import random
import time

from check import KINDS
from drive import Figures, Scenario, known_points
from clustered import AtLeastOnce, Clustered, ExactlyOnce, kafka
from embedded import Embedded

EMBEDDED_WAYS = (
    {'workers': 1, 'coalesce': False},
    {'workers': 3, 'coalesce': True},
    {'workers': 3, 'coalesce': False, 'piped': True},
    {'workers': 1, 'coalesce': True, 'piped': True, 'pad': 40},
    {'workers': 3, 'coalesce': False, 'pad': 1500},                                  # log files
    {'workers': 1, 'coalesce': True, 'keys': 1500, 'per_portion': 3000, 'pad': 60},  # large commits
    {'workers': 1, 'coalesce': False, 'piped': True, 'keys': 300, 'per_portion': 400, 'memory': '1'},
    {'workers': 3, 'coalesce': True, 'keys': 1500, 'per_portion': 3000, 'memory': '64KB'},
)
KAFKA_WAYS = (
    {'workers': 1, 'coalesce': False},
    {'workers': 3, 'coalesce': False, 'keys': 300, 'per_portion': 400, 'memory': '1'},
    {'workers': 3, 'coalesce': True, 'keys': 1200, 'per_portion': 2000, 'pad': 40},
    {'workers': 3, 'coalesce': False},
    {'workers': 1, 'coalesce': True, 'pad': 300},
    {'workers': 1, 'coalesce': True, 'keys': 1500, 'per_portion': 3000, 'memory': '64KB'},
)
MODES = {'embedded': (Embedded, EMBEDDED_WAYS), 'exactly_once_v2': (ExactlyOnce, KAFKA_WAYS),
         'at_least_once': (AtLeastOnce, KAFKA_WAYS)}


CONNECTORS = ('files.written', 'files.told')    # tests/connectors dies there


def unknown_points(weir):
    """Fault points that are compiled in and that no mode expects, or the other way round."""
    expected = Embedded.points + ExactlyOnce.points + AtLeastOnce.points + CONNECTORS
    return sorted(set(known_points(weir)) ^ set(expected))


class Campaign:
    """`weirs`: binaries; each fourth scenario takes the second one, which has sanitizers. `memory`: all
    scenarios have this much of it for state, and so many keys that it does not suffice."""

    def __init__(self, mode, weirs, seed, kills, records=0, jobs=2, keep=None, say=print, memory=None):
        self.backend, self.ways = MODES[mode]
        if memory:
            cold = [way for way in self.ways if 'memory' in way]
            self.ways = [dict(way, memory=memory) for way in cold]
        self.weirs, self.seed = weirs, seed
        self.count = -(-kills // self.backend.kills_per_scenario)
        self.kills = -(-kills // self.count)
        self.records = -(-records // self.count)
        self.jobs, self.keep, self.say = jobs, keep, say
        self.points = list(self.backend.points)       # where it has to die at least once, in some scenario
        random.Random('points %d' % seed).shuffle(self.points)
        del self.points[kills:]
        self.figures = Figures()
        self.passed = self.failed = 0
        self.began = time.monotonic()

    def one(self, i):
        way = self.ways[i % len(self.ways)]
        slow = (i + i // len(self.ways)) % 4 == 3     # so that it is not always the same ways
        weir = self.weirs[1 if slow and len(self.weirs) > 1 else 0]
        return Scenario(self.backend, weir, self.seed + i, self.kills, self.points[i::self.count],
                        records=self.records, keep=self.keep, **way).run(), way

    def run(self):
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            for i, (figures, way) in enumerate(pool.map(self.one, range(self.count))):
                self.figures.add(figures)
                self.passed += figures.ok()
                self.failed += not figures.ok()
                self.say('%s seed %d %s: %d kills, %d records, %s' % (
                    'ok  ' if figures.ok() else 'FAIL', self.seed + i,
                    ' '.join('%s=%s' % e for e in way.items()), figures.kills, figures.records_in,
                    'exact' if figures.ok() else '%d anomalies' % figures.anomalies.total()))
                for text in (figures.anomalies.told + figures.broken if not figures.ok() else ()):
                    self.say('    ' + text)
        missed = [p for p in self.points if p not in self.figures.points]
        if missed:
            self.failed += 1
            self.say('FAIL %s: no process died at %s' % (self.backend.name, ', '.join(missed)))
        return self.failed == 0

    def line(self):
        f = self.figures
        return '%s: kills=%d points=%d/%d restarts=%d records_in=%d records_out=%d %s broken=%d seconds=%.1f' % (
            self.backend.name, f.kills, len(f.points), len(self.backend.points), f.restarts, f.records_in,
            f.records_out, ' '.join('%s=%d' % (k, f.anomalies.counts[k]) for k in KINDS), len(f.broken),
            time.monotonic() - self.began)


def on_broker(use):
    """Calls it while there is a broker that has been asked for a group's offsets before: what comes while
    its coordinator begins is no matter of this test."""
    with kafka.Broker() as broker:
        broker.client.create_topic('warm')
        broker.client.committed_offsets('warm', 'warm')
        Clustered.broker = broker
        return use()


def binaries():
    here = os.path.dirname(os.path.abspath(__file__))
    dev = os.path.abspath(os.environ.get('WEIR', os.path.join(here, '../../build/dev/weir')))
    release = os.path.abspath(os.environ.get('WEIR_RELEASE', os.path.join(here, '../../build/release/weir')))
    found = [w for w in (release, dev) if os.access(w, os.X_OK)]
    if not found:
        raise SystemExit('no binary: build it, or name it in WEIR and WEIR_RELEASE')
    return found
