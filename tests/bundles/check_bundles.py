"""Bundles without a data directory: run, check, test; and what is wrong in them."""
from case import MANIFEST, Run, SOURCES, bundle, equal, expect, lines, one_line, test, write


@test
def run_check_test(d):
    bundle(d)
    run = Run(d, 'check', 'shop')
    equal((run.status, run.out), (0, '3 statements, 0 errors\n'), run)
    run = Run(d, 'test', 'shop')
    equal((run.status, run.out), (0, 'ok      counts\n1 passed, 0 failed\n'), run)
    run = Run(d, 'run', '--until-idle', '--output', 'COUNTS=-', 'shop')
    equal([(r['key'], r['value']['S']) for r in lines(run.out)], [('ann', 1), ('bob', 7), ('ann', 6)], run)
    run = Run(d, 'run', '--until-idle', '--env', 'prod', '--output', 'COUNTS=-', 'shop')
    equal([(r['key'], r['value']['S']) for r in lines(run.out)], [('bob', 7), ('ann', 5)], run)
    run = Run(d, 'run', '--until-idle', '--env', 'prod', '--define', 'least=7', '--output', 'COUNTS=-', 'shop')
    equal([r['key'] for r in lines(run.out)], ['bob'], run)
    write(d, 'in', '')
    run = Run(d, 'run', '--until-idle', '--input', 'clicks=in', '--output', 'COUNTS=-', 'shop')
    equal(run.out, '', run)


@test
def generated_data(d):
    bundle(d, manifest='name: shop\nversion: 1.0.0\nvariables: {least: 0}\n'
                       'data: {clickstream: {datagen: --count 500 --seed 3}}\n',
           f10_sources="CREATE STREAM clickstream (user_id STRING KEY, event_id STRING) WITH "
                       "(kafka_topic='clickstream', value_format='JSON', partitions=1);",
           f20_counts='CREATE STREAM o AS SELECT * FROM clickstream;')
    run = Run(d, 'run', '--until-idle', '--output', 'O=-', 'shop')
    equal((run.status, len(lines(run.out))), (0, 500), run.err)
    bundle(d, manifest='name: shop\nversion: 1.0.0\nvariables: {least: 0}\n'
                       'data: {clicks: {datagen: --cuont 5}}\n')
    run = Run(d, 'run', '--until-idle', 'shop')
    expect('did you mean --count?' in run.err, run)


@test
def wrong_usage(d):
    bundle(d)
    write(d, 'a.sql', SOURCES)
    one_line(Run(d, 'run', 'shop', 'a.sql'), 2, 'it goes alone')
    one_line(Run(d, 'run', '--env', 'prod', 'a.sql'), 2, '--env is for bundles')
    one_line(Run(d, 'check', '--env', 'prdo', 'shop'), 2, 'did you mean prod?')
    one_line(Run(d, 'check', '--define', 'x=1', 'shop'), 2, 'no variable "x"')
    one_line(Run(d, 'apply', 'shop'), 2, '--data-dir')
    one_line(Run(d, 'plan', 'shop'), 1, '--data-dir')
    one_line(Run(d, 'plan', '--data-dir', 'dir', 'nowhere'), 1, 'nowhere/bundle.yaml')
    one_line(Run(d, 'apply', '--data-dir', 'dir', '--remove', 'shop'), 2, 'no bundle "shop"')
    one_line(Run(d, 'rollback', '--data-dir', 'dir', 'shop'), 2, 'no bundle "shop"')
    one_line(Run(d, 'run', '--data-dir', 'dir'), 2, 'nothing is applied')
    one_line(Run(d, 'history', '--data-dir', 'other'), 1, 'other')


@test
def mistakes_have_a_place(d):
    bundle(d, manifest=MANIFEST + 'colour: red\n')
    for command in ('run', 'check', 'test'):
        one_line(Run(d, command, 'shop'), 2 if command == 'test' else 1, 'shop/bundle.yaml:12:1: unknown key "colour"')
    for text, where in (('CREATE TABLE counts AS SELECT nope FROM clicks;', 'shop/20-counts.sql:1:31'),
                        ('\nCREATE TABLE counts;', 'shop/20-counts.sql:2:'),
                        ('SELECT * FROM clicks EMIT CHANGES;', 'a bundle says what there is'),
                        ('DROP STREAM clicks;', 'a bundle says what there is')):
        bundle(d, f20_counts=text)
        run = Run(d, 'plan', '--data-dir', 'dir', 'shop')
        expect(run.status == 1 and where in run.err and '^' in run.err, run)
        run = Run(d, 'apply', '--data-dir', 'dir', 'shop')
        expect(run.status == 1 and where in run.err, run)
    run = Run(d, 'history', '--data-dir', 'dir')
    expect('nothing has been applied' in run.out, run)
    bundle(d, f10_sources=SOURCES.replace("'JSON'", "'DELIMITED'"))
    one_line(Run(d, 'check', 'shop'), 1, 'topic clicks is JSON, and CLICKS reads it as DELIMITED')
