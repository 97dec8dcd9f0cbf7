"""Three nodes, of which some are away (rows 15, 30)."""
import time

import kafka
from check_broker import Load
from engine import COUNT, Case, counted, equal, exact, must, nothing_lost, rows, test, until

SAFE = {'min.insync.replicas': 2}


def with_cluster(case, call):
    with kafka.Cluster() as cluster:
        own = Case(cluster, case.name)
        try:
            call(own, cluster)
        finally:
            own.close()


def too_few(case, eos):
    def call(own, cluster):
        own.client.create_topic(own.topic('src'), 1, SAFE)
        own.client.create_topic(own.topic('copied'), 1, SAFE, replicas=2)
        own.client.create_topic(own.topic('counted'), 1, dict(SAFE, **{'cleanup.policy': 'compact'}))
        own.produce('src', rows(0, 300))
        engine = own.run(COUNT, eos=eos)
        exact(own, 300)
        leader, replicas, _ = own.client.partitions(own.topic('copied'))[0]
        first = next(n for n in replicas if n != leader)
        cluster.kill(first)
        until(lambda: len(own.client.partitions(own.topic('copied'))[0][2]) == 1)
        own.produce('src', rows(300, 600))
        if eos:
            engine.says('message(s) timed out on', '; going on from the last commit')
        else:
            engine.says('records have not been acknowledged for 5 s; waiting')
        equal(len(own.records('copied')), 300, 'with one of two replicas')
        second = next(n for n in (1, 2, 3) if n not in (first, leader))
        cluster.kill(second)    # and with it all: there is no majority left
        time.sleep(5)
        must(engine.process.poll() is None, 'it ended:', engine.stderr())
        cluster.resume(first)
        cluster.resume(second)
        if eos:
            exact(own, 600)
            counted(own, 600)
            engine.stop()
            exact(own, 600)
        else:
            nothing_lost(own, 600)
            engine.stop()
    with_cluster(case, call)


@test
def too_few_replicas_exactly_once(case):
    """Row 30: with fewer replicas of a sink topic than min.insync.replicas, and then with no majority of the
    cluster, the engine says so and tries again; when they are back everything is there, once."""
    too_few(case, True)


@test
def too_few_replicas_at_least_once(case):
    """Row 30: the same under at_least_once: it says that it waits, and nothing is lost."""
    too_few(case, False)


@test
def leaders_move(case):
    """Row 15: nodes are killed one after the other under load, and with them leaders and coordinators move:
    nothing is lost or repeated."""
    def call(own, cluster):
        own.client.create_topic(own.topic('src'), 2, SAFE)
        engine = own.run(COUNT)
        load = Load(own, 3000, 50)
        load.start()
        own.records('copied', 1)
        for node, at in ((1, 200), (2, 1000), (3, 1800)):
            until(lambda: load.done >= at)
            cluster.kill(node)
            until(lambda: load.done >= at + 400)
            cluster.resume(node)
        load.end()
        exact(own, 3000)
        counted(own, 3000)
        engine.stop()
        exact(own, 3000)
    with_cluster(case, call)
