"""plan and apply: what is done, what becomes of state, and of connectors."""
import json
import os

from case import COUNTS, Run, SOURCES, apply, bundle, equal, expect, history, one_line, plan, results, test, write


@test
def applied_once(d):
    bundle(d)
    equal(plan(d, 'shop'), {('setting', 'auto.offset.reset'): ('create', 'none'),
                            ('stream', 'CLICKS'): ('create', 'none'),
                            ('table', 'COUNTS'): ('create', 'new')})
    expect(not os.path.exists(os.path.join(d, 'dir')), 'plan made the directory')
    run = apply(d, 'shop')
    expect('revision 1 is in force' in run.out, run)
    equal(plan(d, 'shop'), {})
    run = apply(d, 'shop')
    expect('nothing to do' in run.out, run)
    equal(results(d, 'COUNTS', '--input', 'clicks=shop/data/clicks.jsonl')['ann'], {'C': 2, 'S': 6})
    equal(plan(d, 'shop'), {})
    equal(results(d, 'COUNTS', 'shop')['ann'], {'C': 2, 'S': 6})  # the bundle that is applied
    bundle(d, f20_counts='-- another comment\n' + COUNTS.replace('\n', ' '))
    equal(plan(d, 'shop'), {})
    one_line(Run(d, 'run', '--data-dir', 'dir', 'shop/10-sources.sql'), 2, 'runs what is applied to it')
    bundle(d, f20_counts=COUNTS.replace('SUM', 'MAX'))
    one_line(Run(d, 'run', '--data-dir', 'dir', 'shop'), 2, 'differs from what is applied')
    equal([(r['revision'], r['action'], r['in_force']) for r in history(d)], [(1, 'apply', True)])


@test
def what_becomes_of_state(d):
    feed = ('--input', 'clicks=shop/data/clicks.jsonl')
    bundle(d)
    apply(d, 'shop')
    equal(results(d, 'COUNTS', *feed), {'ann': {'C': 2, 'S': 6}, 'bob': {'C': 1, 'S': 7}})
    # another filter: goes on
    equal(plan(d, '--env', 'prod', 'shop'), {('table', 'COUNTS'): ('replace', 'kept')})
    apply(d, '--env', 'prod', 'shop')
    equal(plan(d, '--env', 'prod', 'shop'), {})
    equal(results(d, 'COUNTS', *feed), {'ann': {'C': 3, 'S': 11}, 'bob': {'C': 2, 'S': 14}})
    # one more aggregate: begins again
    bundle(d, f20_counts=COUNTS.replace('SUM(n) AS s', 'SUM(n) AS s, MAX(n) AS m'))
    equal(plan(d, 'shop'), {('table', 'COUNTS'): ('replace', 'rebuilt')})
    apply(d, 'shop')
    equal(results(d, 'COUNTS'), {'ann': {'C': 4, 'S': 12, 'M': 5}, 'bob': {'C': 2, 'S': 14, 'M': 7}})
    # … and with latest what was is lost
    bundle(d, f10_sources=SOURCES.replace('earliest', 'latest'), f20_counts=COUNTS.replace('SUM', 'MIN'))
    equal(plan(d, 'shop'), {('setting', 'auto.offset.reset'): ('replace', 'none'),
                            ('table', 'COUNTS'): ('replace', 'lost')})
    apply(d, 'shop')
    equal(results(d, 'COUNTS', *feed)['ann'], {'C': 2, 'S': 1})
    # gone, and there again
    bundle(d, f20_counts=None)
    equal(plan(d, 'shop'), {('setting', 'auto.offset.reset'): ('replace', 'none'),
                            ('table', 'COUNTS'): ('drop', 'lost')})
    apply(d, 'shop')
    state = json.loads(Run(d, 'state', '--format', 'json', '--data-dir', 'dir').out)
    equal(state['queries'], [])
    bundle(d)
    apply(d, 'shop')
    equal(results(d, 'COUNTS')['ann'], {'C': 6, 'S': 18})


@test
def numbers_of_queries_stay(d):
    bundle(d)
    apply(d, 'shop')
    results(d, 'COUNTS', '--input', 'clicks=shop/data/clicks.jsonl')
    bundle(d, f15_more='CREATE STREAM pages AS SELECT user_id, page FROM clicks;\n')
    equal(plan(d, 'shop'), {('stream', 'PAGES'): ('create', 'new')})
    apply(d, 'shop')
    equal(len(results(d, 'PAGES')), 2)
    state = json.loads(Run(d, 'state', '--format', 'json', '--data-dir', 'dir').out)
    equal([q['id'] for q in state['queries']], ['CSAS_PAGES_1', 'CTAS_COUNTS_0'])
    bundle(d, f15_more='CREATE STREAM sites AS SELECT user_id, page FROM clicks;\n')
    apply(d, 'shop')
    state = json.loads(Run(d, 'state', '--format', 'json', '--data-dir', 'dir').out)
    equal([q['id'] for q in state['queries']], ['CSAS_SITES_2', 'CTAS_COUNTS_0'])


@test
def change_goes_downstream(d):
    more = 'CREATE TABLE top AS SELECT * FROM counts WHERE c > 1;\n'
    bundle(d, f30_top=more)
    apply(d, 'shop')
    results(d, 'TOP', '--input', 'clicks=shop/data/clicks.jsonl')
    bundle(d, f30_top=more, f20_counts=COUNTS.replace('SUM(n) AS s', 'SUM(n) AS s, MAX(n) AS m'))
    changes = plan(d, 'shop')  # SELECT * has one more column
    equal(changes[('table', 'COUNTS')], ('replace', 'rebuilt'))
    equal(changes[('table', 'TOP')][0], 'replace')
    apply(d, 'shop')
    equal(results(d, 'TOP')['ann'], {'C': 2, 'S': 6, 'M': 5})


@test
def rows_are_inserted_once(d):
    rows = "INSERT INTO clicks (user_id, n) VALUES ('ann', 2);\n"
    bundle(d, f30_rows=rows + rows)
    equal(len([c for c in plan(d, 'shop')]), 4)
    apply(d, 'shop')
    equal(results(d, 'COUNTS'), {'ann': {'C': 2, 'S': 4}})
    bundle(d, f30_rows=rows)
    apply(d, 'shop')
    equal(results(d, 'COUNTS'), {'ann': {'C': 2, 'S': 4}})
    bundle(d, f30_rows=rows + rows + rows)
    apply(d, 'shop')
    equal(results(d, 'COUNTS'), {'ann': {'C': 3, 'S': 6}})


@test
def failing_statement_changes_nothing(d):
    bundle(d)
    apply(d, 'shop')
    before = history(d)
    bundle(d, f15_more='CREATE STREAM pages AS SELECT user_id, page FROM clicks;\n',
           f30_wrong='CREATE STREAM wrong AS SELECT nope FROM clicks;\n')
    run = Run(d, 'apply', '--data-dir', 'dir', 'shop')
    expect(run.status == 1 and 'shop/30-wrong.sql:1:31' in run.err, run)
    equal(history(d), before)
    topics = Run(d, 'topic', 'list', '--data-dir', 'dir')
    expect('PAGES' not in topics.out, topics)
    bundle(d)
    equal(plan(d, 'shop'), {})


@test
def takes_over_from_files(d):
    write(d, 'q.sql', SOURCES + 'CREATE STREAM old AS SELECT * FROM clicks;\n' + COUNTS.replace('${least}', '0'))
    bundle(d)
    results(d, 'COUNTS', '--input', 'clicks=shop/data/clicks.jsonl', 'q.sql')
    equal(plan(d, 'shop'), {('setting', 'auto.offset.reset'): ('create', 'none'),
                            ('stream', 'CLICKS'): ('create', 'none'),
                            ('table', 'COUNTS'): ('create', 'kept'),
                            ('query', 'CSAS_OLD_0'): ('drop', 'lost')})
    apply(d, 'shop')
    equal(plan(d, 'shop'), {})
    equal(results(d, 'COUNTS', '--input', 'clicks=shop/data/clicks.jsonl')['ann'], {'C': 4, 'S': 12})


@test
def query_id_that_is_given(d):
    query = "INSERT INTO o WITH (query_id='mine') SELECT user_id, n FROM clicks PARTITION BY user_id;\n"
    bundle(d, f20_counts='CREATE STREAM o (user_id STRING KEY, n INT) '
                         "WITH (kafka_topic='o', value_format='JSON', partitions=1);\n" + query)
    apply(d, 'shop')
    equal(plan(d, 'shop'), {})
    state = json.loads(Run(d, 'state', '--format', 'json', '--data-dir', 'dir').out)
    equal(len(state['queries']), 1)


@test
def connectors_begin_with_run(d):
    def printed(*args):
        run = Run(d, 'run', '--data-dir', 'dir', '--until-idle', *args)
        equal(run.status, 0, run)
        return len(run.out.splitlines())
    feed = ('--input', 'clicks=shop/data/clicks.jsonl')
    sink = "CREATE SINK CONNECTOR archive WITH ('connector'='stdout', 'topics'='clicks'%s);\n"
    bundle(d, f30_sink=sink % '')
    equal(plan(d, 'shop')[('connector', 'ARCHIVE')], ('create', 'none'))
    apply(d, 'shop')
    equal(plan(d, 'shop'), {})
    equal(printed(*feed), 3)
    bundle(d, f30_sink=sink % ", 'batch.records'='1'")
    equal(plan(d, 'shop'), {('connector', 'ARCHIVE'): ('replace', 'kept')})
    apply(d, 'shop')
    equal(printed(*feed), 3)  # goes on
    bundle(d, f30_sink=sink % ", 'batch.recrods'='1'")
    run = Run(d, 'plan', '--data-dir', 'dir', 'shop')
    expect(run.status == 1 and 'shop/30-sink.sql:1:' in run.err and 'no option' in run.err, run)
    bundle(d)
    equal(plan(d, 'shop'), {('connector', 'ARCHIVE'): ('drop', 'lost')})
    apply(d, 'shop')
    bundle(d, f30_sink=sink % '')
    apply(d, 'shop')
    equal(printed(), 6)  # its position was forgotten


@test
def connector_of_a_stream(d):
    """Its position goes with the stream, with the connector, and with another kind of it."""
    write(d, 'in/x.csv', 'id,n\n1,1\n2,2\n')
    stream = ("CREATE STREAM things (id BIGINT KEY, n INT) WITH (kafka_topic='things', value_format='JSON', partitions=1%s);\n")
    inline = stream % (", connector='%s', path='%s', base.dir='%s'" % ('%s', '%s', os.path.join(d, 'in')))
    read = inline % ('file', 'x.csv')

    def here(text, **changes):
        bundle(d, f20_counts=text)
        equal(plan(d, 'shop'), {tuple(k.split('_', 1)): v for k, v in changes.items()})
        apply(d, 'shop')
        equal(Run(d, 'run', '--data-dir', 'dir', '--until-idle').status, 0)
        run = Run(d, 'consume', 'things', '--data-dir', 'dir')
        return len(run.out.splitlines())
    equal(here(read, **{'setting_auto.offset.reset': ('create', 'none'), 'stream_CLICKS': ('create', 'none'),
                        'stream_THINGS': ('create', 'none')}), 2)
    equal(here(read), 2)
    equal(here(read.replace("'x.csv'", "'*.csv'"), stream_THINGS=('replace', 'kept')), 2)
    equal(here(stream % '', stream_THINGS=('replace', 'lost')), 2)
    equal(here(read, stream_THINGS=('replace', 'none')), 4)  # its position was forgotten
    equal(here(None, stream_THINGS=('drop', 'lost')), 4)
    equal(here(read, stream_THINGS=('create', 'none')), 6)
    equal(here(stream % ", connector='datagen', max.rows='1'", stream_THINGS=('replace', 'lost')), 7)
    equal(here(read, stream_THINGS=('replace', 'lost')), 9)
