"""Revisions: history, rollback, several bundles, and a directory that weir run holds."""
import os

from case import (COUNTS, Live, MANIFEST, RECORDS, Run, WEIR, apply, bundle, equal, expect, history, lines,
                  one_line, plan, results, test)


@test
def looked_at_while_it_runs(d):
    """plan and history answer as of one commit while weir run holds the directory and goes on; what would change
    it says in one line who has it."""
    bundle(d)
    apply(d, 'shop')
    before = history(d)
    with Live(d, '--input', 'clicks=-', '--output', 'COUNTS=-') as live:
        for n in range(1, 6):
            live.feed(RECORDS)
            live.until(lambda: live.counted('ann') == 2 * n)  # pylint: disable=cell-var-from-loop
            equal(plan(d, 'shop'), {})
            equal(plan(d, '--env', 'prod', 'shop'), {('table', 'COUNTS'): ('replace', 'kept')})
            equal(history(d), before)
        for args in (['apply', '--data-dir', 'dir', '--env', 'prod', 'shop'], ['rollback', '--data-dir', 'dir', 'shop']):
            one_line(Run(d, *args), 1, 'in use by another process: process %d, %s run' % (
                live.process.pid, os.path.basename(WEIR)), 'kill %d' % live.process.pid)
        live.stop()
    equal(history(d), before)
    apply(d, '--env', 'prod', 'shop')


@test
def going_back(d):
    feed = ('--input', 'clicks=shop/data/clicks.jsonl')
    bundle(d)
    apply(d, 'shop')
    results(d, 'COUNTS', *feed)
    apply(d, '--env', 'prod', 'shop')
    bundle(d, manifest=MANIFEST.replace('1.0.0', '1.1.0'), f20_counts=COUNTS.replace('SUM', 'MAX'))
    apply(d, 'shop')
    run = Run(d, 'rollback', '--data-dir', 'dir', 'shop')
    expect(run.status == 0 and 'revision 4 is in force' in run.out, run)
    run = Run(d, 'rollback', '--data-dir', 'dir', 'shop/')
    expect(run.status == 0 and 'revision 5 is in force' in run.out, run)
    one_line(Run(d, 'rollback', '--data-dir', 'dir', 'shop'), 2, 'no revision of bundle shop before 1')
    run = Run(d, 'rollback', '--data-dir', 'dir', '--to', '3', 'shop')
    equal(run.status, 0, run)
    one_line(Run(d, 'rollback', '--data-dir', 'dir', '--to', '9', 'shop'), 2, 'revision 9')
    equal([(r['action'], r['origin'], r['version'], r['environment'], r['in_force']) for r in history(d)],
          [('apply', 1, '1.0.0', '', False), ('apply', 2, '1.0.0', 'prod', False),
           ('apply', 3, '1.1.0', '', False), ('rollback', 2, '1.0.0', 'prod', False),
           ('rollback', 1, '1.0.0', '', False), ('rollback', 3, '1.1.0', '', True)])
    equal(plan(d, 'shop'), {})
    run = Run(d, 'history', '--data-dir', 'dir', '--statements', '2')
    expect('WHERE n >= 5 GROUP' in run.out, run)


@test
def bundles_depend_on_one_another(d):
    bundle(d)
    top = 'CREATE TABLE top AS SELECT * FROM counts WHERE c > ${more};\n'
    manifest = 'name: top\nversion: 1.0.0\ndepends: [{name: shop, version: %s}]\nvariables: {more: 1}\n'
    bundle(d, 'top', manifest=manifest % '1.0.0', f10_sources=None, f20_counts=top)
    run = Run(d, 'run', '--until-idle', '--output', 'TOP=-', 'top')
    equal([r['value']['C'] for r in lines(run.out) if r['value']], [2], run)
    one_line(Run(d, 'apply', '--data-dir', 'dir', 'top'), 2, 'depends on shop, which is not applied')
    apply(d, 'shop')
    apply(d, 'top')
    equal(plan(d, 'top'), {})
    equal(results(d, 'TOP', '--input', 'clicks=shop/data/clicks.jsonl'), {'ann': {'C': 2, 'S': 6}})
    # what is depended on cannot go, and what changes in it counts
    run = Run(d, 'apply', '--data-dir', 'dir', '--remove', 'shop')
    expect(run.status == 1 and 'bundle top' in run.err and 'COUNTS' in run.err, run)
    bundle(d, f20_counts=COUNTS.replace('SUM(n) AS s', 'SUM(n) AS s, MAX(n) AS m'))
    changes = plan(d, 'shop')
    equal(changes[('table', 'TOP')][0], 'replace')
    apply(d, 'shop')
    equal(results(d, 'TOP')['ann'], {'C': 2, 'S': 6, 'M': 5})
    bundle(d, 'top', manifest=manifest % '1.0.1', f10_sources=None, f20_counts=top)
    one_line(Run(d, 'plan', '--data-dir', 'dir', 'top'), 1, 'wants shop 1.0.1, and 1.0.0 is applied')
    apply(d, '--remove', 'top')
    equal([(r['bundle'], r['in_force']) for r in history(d)],
          [('shop', False), ('top', False), ('shop', True), ('top', False)])
    run = Run(d, 'rollback', '--data-dir', 'dir', '--to', '2', 'top')
    equal(run.status, 0, run)
    equal(results(d, 'TOP')['ann'], {'C': 2, 'S': 6, 'M': 5})


@test
def dependencies_come_with_it(d):
    """--with-dependencies applies what is missing or too old, each as a revision of its own, and goes on where it
    was stopped. Without it the error says what to do."""
    def chain(top='CREATE TABLE top AS SELECT * FROM mid WHERE c > 1;\n', version='1.0.0', wants='1.0.0'):
        bundle(d, 'q/shop', manifest=MANIFEST.replace('1.0.0', version))
        bundle(d, 'q/mid', manifest='name: mid\nversion: 1.0.0\ndepends: [{name: shop}]\n', f10_sources=None,
               f20_counts='CREATE TABLE mid AS SELECT * FROM counts;\n')
        bundle(d, 'q/top', manifest='name: top\nversion: 1.0.0\ndepends: [{name: mid}, {name: shop, version: %s}]\n' % wants,
               f10_sources=None, f20_counts=top)

    def applied():
        return [(r['revision'], r['bundle'], r['version']) for r in history(d) if r['in_force']]
    whole = ('apply', '--data-dir', 'dir', '--with-dependencies', 'q/top')
    chain()
    for command, status in (('apply', 2), ('plan', 1)):
        one_line(Run(d, command, '--data-dir', 'dir', 'q/top'), status, 'depends on mid, which is not applied',
                 '`weir apply --data-dir dir q/mid && weir apply --data-dir dir q/shop` comes first', '--with-dependencies')
    equal(Run(d, *whole, env={'WEIR_FAULT': 'store.write:2:kill'}).status, -9)
    equal(applied(), [(1, 'shop', '1.0.0')])
    run = Run(d, *whole)
    equal((run.status, run.out.count('is in force')), (0, 2), run)
    equal(applied(), [(1, 'shop', '1.0.0'), (2, 'mid', '1.0.0'), (3, 'top', '1.0.0')])
    run = Run(d, *whole)
    equal((run.status, len(history(d))), (0, 3), run)
    # what is new enough is left alone, what is too old is not
    chain(version='1.1.0')
    equal(Run(d, *whole).status, 0)
    equal(len(history(d)), 3)
    chain(version='1.1.0', wants='1.1.0')
    one_line(Run(d, 'apply', '--data-dir', 'dir', 'q/top'), 2, 'wants shop 1.1.0, and 1.0.0 is applied', 'q/shop` comes first')
    equal(Run(d, *whole).status, 0)
    equal(applied(), [(2, 'mid', '1.0.0'), (3, 'top', '1.0.0'), (4, 'shop', '1.1.0')])
    chain(top='CREATE TABLE top AS SELECT nope FROM mid;\n', version='1.2.0', wants='1.2.0')
    run = Run(d, *whole)
    expect(run.status == 1 and 'q/top/20-counts.sql:1:28' in run.err, run)
    equal(applied()[-1], (5, 'shop', '1.2.0'))
    chain(version='1.2.0', wants='1.2.0')
    equal(plan(d, 'q/top'), {})
