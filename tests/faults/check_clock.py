"""Wall clocks that jump (row 23)."""
import os
import struct
import subprocess
import time

from check_broker import with_own_broker
from engine import COUNT, HERE, RELEASE, Skipped, counted, equal, exact, rows, test

HOUR = 3600


class Clock:
    """The wall clock of one process; tests/faults/shifted_clock.c."""

    def __init__(self, case):
        library = case.path('shifted_clock.so')
        self.path = case.path('clock')
        self.shift(0)
        try:
            subprocess.run(['cc', '-std=c11', '-O1', '-shared', '-fPIC', '-o', library,
                            os.path.join(HERE, 'shifted_clock.c')], check=True)
        except FileNotFoundError:
            raise Skipped('there is no C compiler') from None
        self.env = {'LD_PRELOAD': library, 'SHIFTED_CLOCK': self.path}

    def shift(self, seconds):
        """From now on; in one write, as the process is looking."""
        with open(self.path, 'r+b' if os.path.exists(self.path) else 'w+b', buffering=0) as f:
            f.write(struct.pack('=q', seconds))


def jumps(case, clock, done, seconds):
    """The clock is shifted while the engine waits, and while it works."""
    for _ in range(3):
        case.produce('src', rows(done, done + 100))
        clock.shift(seconds)
        done += 100
        exact(case, done)
    return done


@test
def wall_clock_jumps(case):
    """Row 23: the wall clock jumps by hours and days, forth and back: nothing stalls, commits go on, results
    are the same and keep the times of their records."""
    clock = Clock(case)
    case.create('src', 2)
    engine = case.run(COUNT, weir=RELEASE, env=clock.env)
    done = 0
    for seconds in (0, HOUR, -HOUR, 0, 48 * HOUR, -48 * HOUR, 0):
        done = jumps(case, clock, done, seconds)
    counted(case, done)
    engine.stop()
    exact(case, done)
    equal({r.timestamp for r in case.records('copied')}, {r[2] for r in rows(0, done)}, 'times of results')


@test
def wall_clock_jumps_without_a_broker(case):
    """Row 23: the wall clock jumps back while there is no broker: when it is back, the engine goes on, not
    when the clock is where it was."""
    def call(own, broker):
        clock = Clock(own)
        own.create('src', 2)
        engine = own.run(COUNT, weir=RELEASE, env=clock.env)
        done = jumps(own, clock, 0, 0)
        for seconds in (-HOUR, -2 * HOUR):
            broker.kill()
            time.sleep(0.5)
            clock.shift(seconds)
            broker.resume()
            done = jumps(own, clock, done, seconds)
        counted(own, done)
        engine.stop()
    with_own_broker(case, call)
