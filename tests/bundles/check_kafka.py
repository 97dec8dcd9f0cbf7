"""Revisions over topics of a real broker: what Kafka has commits with what the data directory has."""
import json

import kafka
from case import COUNTS, Run, Skipped, bundle, equal, expect, test

MANIFEST = 'name: shop\nversion: 1.0.0\nvariables: {least: 0}\ntopics:\n  clicks: {partitions: 1, format: JSON}\n'
ROW = "INSERT INTO clicks (user_id, n) VALUES ('%s', 9);\n"


class Shop:
    """A data directory over a broker, and a bundle that has one of two versions and some rows."""

    def __init__(self, d, broker):
        self.d = d
        self.client = broker.client
        self.at = ('--data-dir', 'dir', '--bootstrap-servers', broker.bootstrap, '--set',
                   'processing.guarantee=exactly_once_v2')
        self.rows = []
        self.client.create_topic('clicks', partitions=1)
        self.client.produce('clicks', [('ann', json.dumps({'PAGE': p, 'N': n})) for p, n in (('a', 1), ('c', 5))])
        self.write('SUM')
        equal(self.do('apply', 'shop').status, 0)

    def write(self, function):
        bundle(self.d, manifest=MANIFEST, f20_counts=COUNTS.replace('SUM', function),
               f40_rows=''.join(ROW % r for r in self.rows) or None)

    def do(self, command, *args, env=None):
        return Run(self.d, command, *self.at, *args, env=env)

    def history(self):
        run = Run(self.d, 'history', '--json', '--data-dir', 'dir')
        equal(run.status, 0, run)
        return [json.loads(line) for line in run.out.splitlines()]

    def rows_there(self):
        return [r.key.decode() for r in self.client.consume('clicks') if r.key != b'ann']

    def counts(self):
        run = self.do('run', '--until-idle')
        equal(run.status, 0, run)
        return {r.key.decode(): json.loads(r.value) for r in self.client.consume('COUNTS') if r.value}


def broker():
    reason = kafka.unavailable()
    if reason:
        raise Skipped(reason)
    return kafka.Broker()


def killed_at(shop, what, point):
    """Whether the point was reached, and the revision was there afterwards: at once, or when Kafka was asked."""
    number = len(shop.history())
    args = ('shop',) if what == 'apply' else ('--to', '1', 'shop')
    if what == 'apply':
        shop.rows.append('%s-%d' % (point, number))
        shop.write('MAX' if number % 2 else 'SUM')
    status = shop.do(what, *args, env={'WEIR_FAULT': point + ':1:kill'}).status
    expect(status in (0, -9), (point, what, status))
    told = len(shop.history()) - number
    there = shop.rows_there()
    run = shop.do(what, *args)
    equal(run.status, 0, run)
    new = 'nothing to do' in run.out
    expect(told in (0, 1) and new >= told, (point, what, told, run))
    if what == 'apply':
        equal(there, shop.rows if new else shop.rows[:-1], point)
    equal(len(shop.history()), number + 1, point)
    equal(shop.rows_there(), shop.rows, point)
    return status == -9, new


@test
def killed_over_kafka(d):
    """kill -9 at each fault point of an apply and of a rollback: the old revision or the new one, its rows in the topic
    once with the new one and not at all with the old one; and the next apply makes it whole."""
    with broker() as b:
        shop = Shop(d, b)
        equal(shop.counts(), {'ann': {'C': 2, 'S': 6}})
        before = ('epoch.begin', 'epoch.flushed', 'epoch.collected', 'pending.written', 'offsets.sent')
        behind = ('txn.committed', 'store.write', 'store.written', 'epoch.done')
        for point in before + behind:
            equal(killed_at(shop, 'apply', point), (True, point in behind), point)
        for point in ('pending.written', 'txn.committed', 'store.written'):
            killed_at(shop, 'rollback', point)
            shop.write('MAX')
            equal(shop.do('apply', 'shop').status, 0)
        equal(shop.counts(), {'ann': {'C': 2, 'S': 5}, **{r: {'C': 1, 'S': 9} for r in shop.rows}})


@test
def again_over_kafka(d):
    """Applying again does nothing; a rollback of a rollback is where it was."""
    with broker() as b:
        shop = Shop(d, b)
        equal(shop.counts(), {'ann': {'C': 2, 'S': 6}})
        shop.write('MAX')
        for _ in range(2):
            equal(shop.do('apply', 'shop').status, 0)
            equal(len(shop.history()), 2)
        equal(shop.counts(), {'ann': {'C': 2, 'S': 5}})
        for target, most in ((1, 6), (2, 5)):
            for _ in range(2):
                equal(shop.do('rollback', '--to', str(target), 'shop').status, 0)
            equal(shop.counts(), {'ann': {'C': 2, 'S': most}})
        equal([(r['action'], r['origin']) for r in shop.history()], [('apply', 1), ('apply', 2), ('rollback', 1), ('rollback', 2)])
        equal(shop.do('plan', 'shop').status, 0)
