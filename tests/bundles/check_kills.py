"""Killed, or failing, at any place: the old revision or the new one, never something between. What is compared is
what commands tell afterwards, with what they tell when nothing happens."""
import json
import os
import random
import shutil
import subprocess
import time

from case import COUNTS, SECONDS, WEIR, Run, apply, bundle, equal, expect, history, plan, results, test

FEED = ('--input', 'clicks=shop/data/clicks.jsonl')
DO = {'apply': ('apply', '--data-dir', 'dir', 'shop'), 'rollback': ('rollback', '--data-dir', 'dir', '--to', '1', 'shop')}
TIMES_MAX = 20      # a point is reached at most so often in one command


def second(d):
    """Another version of the bundle: a query begins again, one is new, a row is inserted."""
    bundle(d, f20_counts=COUNTS.replace('SUM', 'MAX'), f30_pages='CREATE STREAM pages AS SELECT * FROM clicks;\n',
           f40_rows="INSERT INTO clicks (user_id, n) VALUES ('eve', 9);\n")


def restore(d, name):
    shutil.rmtree(os.path.join(d, 'dir'), ignore_errors=True)
    shutil.copytree(os.path.join(d, name), os.path.join(d, 'dir'))


def facts(d):
    """What is applied, which queries there are, which topics."""
    state = json.loads(Run(d, 'state', '--format', 'json', '--data-dir', 'dir').out)
    topics = Run(d, 'topic', 'list', '--data-dir', 'dir')
    return ([(r['revision'], r['action'], r['origin'], r['in_force']) for r in history(d)],
            [q['id'] for q in state['queries']], 'PAGES' in topics.out)


class Scene:
    """A directory, what is to be done to it, and how it looks before and after."""

    def __init__(self, d, what):
        self.d = d
        self.command = DO[what]
        bundle(d)
        apply(d, 'shop')
        results(d, 'COUNTS', *FEED)
        second(d)
        if what == 'rollback':
            apply(d, 'shop')
            results(d, 'COUNTS')
        shutil.copytree(os.path.join(d, 'dir'), os.path.join(d, 'start'))
        self.before = facts(d), results(d, 'COUNTS')
        restore(d, 'start')
        self.act(0)
        self.after = facts(d), results(d, 'COUNTS')
        expect(self.before != self.after, self.before)

    def act(self, *statuses, **env):
        run = Run(self.d, *self.command, env=env)
        expect(run.status in statuses, run)
        return run.status

    def judge(self, what, whole=True):
        """After something happened: old or new, and doing it again makes it new. True: it was new."""
        got = facts(self.d)
        new = got == self.after[0]
        expect(new or got == self.before[0], '%s: %r, neither\n%r nor\n%r' % (what, got, self.before[0], self.after[0]))
        if whole:
            equal(results(self.d, 'COUNTS'), (self.after if new else self.before)[1], what)
        self.act(0)
        equal(facts(self.d), self.after[0], what)
        if whole:
            equal(results(self.d, 'COUNTS'), self.after[1], what)
        return new


def at_all_points(d, what):
    scene = Scene(d, what)
    seen = set()
    for point in [line.split()[0] for line in Run(d, 'version', '--faults').out.splitlines()]:
        for number in range(1, TIMES_MAX + 1):
            restore(d, 'start')
            if scene.act(0, -9, WEIR_FAULT='%s:%d:kill' % (point, number)) == 0:
                break
            seen.add((point, scene.judge('%s:%d' % (point, number), whole=number == 1)))
    for point in ('epoch.begin', 'epoch.collected', 'store.write'):
        expect((point, False) in seen, (point, seen))
    for point in ('store.written', 'epoch.done'):
        expect((point, True) in seen, (point, seen))


@test
def apply_killed_at_all_points(d):
    at_all_points(d, 'apply')


@test
def rollback_killed_at_all_points(d):
    at_all_points(d, 'rollback')


@test
def killed_at_random(d):
    rng = random.Random(7)
    for what in ('apply', 'rollback'):
        folder = os.path.join(d, what)
        os.makedirs(folder)
        scene = Scene(folder, what)
        restore(folder, 'start')
        began = time.monotonic()
        scene.act(0)
        usual = time.monotonic() - began
        for _ in range(5):
            restore(folder, 'start')
            process = subprocess.Popen([WEIR] + list(scene.command), cwd=folder, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(rng.uniform(0.2, 1.1) * usual)
            except subprocess.TimeoutExpired:
                process.kill()
            process.wait(SECONDS)
            scene.judge('at random', whole=False)


@test
def errors_change_nothing(d):
    for what in ('apply', 'rollback'):
        folder = os.path.join(d, what)
        os.makedirs(folder)
        scene = Scene(folder, what)
        for point in ('epoch.begin', 'epoch.collected', 'store.write', 'store.written'):
            restore(folder, 'start')
            expect(scene.act(1, WEIR_FAULT=point + ':1:error') == 1, point)
            new = scene.judge(point, whole=point == 'store.write')
            equal(new, point == 'store.written', point)


@test
def again_and_back(d):
    """Doing it again changes nothing; a rollback of a rollback is where it was."""
    scene = Scene(d, 'rollback')
    equal(history(d)[-1]['revision'], 3)
    for _ in range(2):
        scene.act(0)
        equal(facts(d), scene.after[0])
    back = Run(d, 'rollback', '--data-dir', 'dir', '--to', '2', 'shop')
    equal(back.status, 0, back)
    equal([(r['action'], r['origin'], r['in_force']) for r in history(d)],
          [('apply', 1, False), ('apply', 2, False), ('rollback', 1, False), ('rollback', 2, True)])
    equal(results(d, 'COUNTS'), scene.before[1])
    equal(plan(d, 'shop'), {})
    apply(d, 'shop')
    equal(len(history(d)), 4)
