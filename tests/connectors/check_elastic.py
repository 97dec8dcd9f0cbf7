"""The sink `elasticsearch` and a real OpenSearch node: what is there afterwards is what the model says."""
import json
import os
import random
import time

import opensearch
from case import RELEASE, Skipped, equal, must, test, until

DAY = 86_400_000
STREAM = """CREATE STREAM clicks (id STRING KEY, url STRING, n BIGINT, price DECIMAL(10, 2), seen TIMESTAMP)
  WITH (kafka_topic='CLICKS', value_format='JSON', partitions=2);
"""
TABLE = """CREATE TABLE orders (id BIGINT PRIMARY KEY, total DECIMAL(10, 2), name STRING)
  WITH (kafka_topic='ORDERS', value_format='JSON', partitions=2);
"""
QUICK = {'retry.backoff.ms': '10', 'retry.backoff.max.ms': '100'}
DEAD = {'errors.deadletterqueue.topic.name': 'dead'}


def node():
    try:
        return opensearch.node()
    except opensearch.Unavailable as e:
        raise Skipped(str(e)) from None


def sink(url, *options, name='es', **more):
    """The statement. Options that are no Python names come as dicts."""
    given = {'connector': 'elasticsearch', 'topics': 'ORDERS', 'connection.url': url, **QUICK, **more}
    for o in options:
        given.update(o)
    text = ', '.join("'%s'='%s'" % (n, str(value).replace("'", "''")) for n, value in given.items())
    return 'CREATE SINK CONNECTOR %s WITH (%s);\n' % (name, text)


def order(key, value=None, at=1000, **columns):
    if value is None and columns:
        value = {n.upper(): v for n, v in columns.items()}
    return {'key': key, 'value': value, 'timestamp': at}


def send(case, sql, records, topic='ORDERS', status=0, **more):
    path = case.records('in-%d' % len(case.engines), records)
    return case.run(sql, '--input', '%s=%s' % (topic, path), status=status, **more)


def unique(case):
    """A name of an index that nobody else uses."""
    return '%s-%d' % (case.name.replace('_', '-'), os.getpid())


def by_id(docs):
    return {key[1]: source for key, source in docs.items()}


def dead(case):
    """Dead letters: (key, value, headers as a dict); a BIGINT is the eight bytes that Kafka makes of it."""
    found = []
    for r in case.topic('dead'):
        if isinstance(r['key'], str) and r['key'].startswith('\0'):
            r['key'] = int.from_bytes(r['key'].encode(), 'big')
        headers = r.get('headers') or {}
        if isinstance(headers, list):
            headers = dict((h['name'], h['value']) if isinstance(h, dict) else tuple(h) for h in headers)
        found.append((r['key'], r['value'], headers))
    return found


# ---- what is written ----

@test
def elastic_canonical_statement(case):
    """The statement of the documentation works as it is written: an index per day, upserts, deletions."""
    es, index = node(), unique(case)
    sql = TABLE + """CREATE SINK CONNECTOR orders WITH ('connector'='elasticsearch', 'topics'='ORDERS',
      'connection.url'='%s', 'index'='%s-${ROWTIME:%%Y.%%m.%%d}', 'write.method'='upsert',
      'behavior.on.null.values'='delete');""" % (es.url, index)
    send(case, sql, [order(1, total=1.5, name='a'), order(2, total=2, name='b'), order(3, total=3, name='c', at=DAY),
                     order(1, total=9.25, name='A'), order(2), order(1, {'NAME': 'B'})])
    equal(es.documents(index + '-*'), {(index + '-1970.01.01', '1'): {'TOTAL': 9.25, 'NAME': 'B'},
                                       (index + '-1970.01.02', '3'): {'TOTAL': 3.0, 'NAME': 'c'}})


@test
def elastic_confluent_statement(case):
    """A statement for Confluent's connector works: ids are topic+partition+offset, indices the topics' names."""
    es, name = node(), unique(case).upper().replace('-', '_')
    sql = """CREATE STREAM a (k STRING KEY, v INT) WITH (kafka_topic='%s_A', value_format='JSON', partitions=1);
      CREATE STREAM b (k STRING KEY, v INT) WITH (kafka_topic='%s_B', value_format='DELIMITED', partitions=1);
      INSERT INTO a (k, v) VALUES ('x', 1);
      INSERT INTO a (k, v) VALUES ('x', 2);
      INSERT INTO b (k, v) VALUES ('y', 3);
      CREATE SINK CONNECTOR c WITH ('connector.class'='ElasticsearchSink', 'connection.url'='%s',
        'type.name'='_doc', 'key.ignore'='true', 'schema.ignore'='true', 'topics'='%s_A, %s_B');
      CREATE SINK CONNECTOR d WITH ('topic.index.map'='%s_A:%s-mapped', 'topics'='%s_A', 'connection.url'='%s',
        'connector.class'='io.confluent.connect.elasticsearch.ElasticsearchSinkConnector', 'key.ignore'='false',
        'batch.size'='2000', 'max.buffered.records'='20000', 'linger.ms'='1', 'max.in.flight.requests'='5',
        'flush.timeout.ms'='180000', 'max.retries'='5', 'retry.backoff.ms'='100', 'read.timeout.ms'='3000',
        'connection.timeout.ms'='1000', 'behavior.on.malformed.documents'='warn', 'tasks.max'='1',
        'drop.invalid.message'='false', 'compact.map.entries'='true', 'write.method'='INSERT',
        'key.converter'='org.apache.kafka.connect.storage.StringConverter');""" % (
            name, name, es.url, name, name, name, name.lower(), name, es.url)
    case.run(sql)
    equal(by_id(es.documents(name.lower() + '_a')), {name + '_A+0+0': {'V': 1}, name + '_A+0+1': {'V': 2}})
    equal(by_id(es.documents(name.lower() + '_b')), {name + '_B+0+0': {'V': 3}})
    equal([(h['_id'], h['_source'], h['_version']) for h in es.hits(name.lower() + '-mapped')], [('x', {'V': 2}, 1)])


@test
def elastic_versions(case):
    """An insert by key has its offset as version: what is older never replaces what is newer, and is counted."""
    es, index = node(), unique(case)
    sql = TABLE + sink(es.url, index=index)
    send(case, sql, [order(1, name='a'), order(1, name='b'), order(2, name='c'), order(2), order(3, name='d')])
    found = {h['_id']: (h['_source'], h['_version']) for h in es.hits(index)}
    equal(set(found), {'1', '3'})
    equal(found['1'][0], {'NAME': 'b'})
    newest = found['1'][1]
    # The same topic from its beginning, by another connector: nothing changes, not even for a moment.
    # What was changed by hand is put right.
    es.ask('PUT', '/%s/_doc/3?version=%d&version_type=external_gte' % (index, found['3'][1]), {'NAME': 'by hand'})
    case.run(sql + sink(es.url, index=index, name='again') + 'DROP CONNECTOR es;')
    found = {h['_id']: (h['_source'], h['_version']) for h in es.hits(index)}
    equal(set(found), {'1', '3'})
    equal(found['1'], ({'NAME': 'b'}, newest))
    equal(found['3'][0], {'NAME': 'd'})


@test
def elastic_topic_made_anew(case):
    """Offsets that went backwards stop the connector: its documents would be taken for old ones, one and all."""
    es, index = node(), unique(case)
    send(case, TABLE + sink(es.url, index=index), [order(1, name='n%d' % n) for n in range(20)])
    said = send(case, TABLE + sink(es.url, index=index), [order(1, name='new'), order(1, name='newer')],
                data='other', status=None)
    must('the topic was made anew' in said.err(), said.err())
    equal(by_id(es.documents(index)), {'1': {'NAME': 'n19'}})
    send(case, TABLE + sink(es.url, {'version.type': 'none'}, index=index), [order(1, name='new')], data='third')
    equal(by_id(es.documents(index)), {'1': {'NAME': 'new'}})


@test
def elastic_own_versions_and_ids(case):
    """Ids from a template or several columns, versions from a column or a header, routing from a column."""
    es, index = node(), unique(case)
    sql = """CREATE STREAM s (a STRING KEY, b INT KEY, ver BIGINT, user STRING)
      WITH (kafka_topic='S', value_format='JSON', key_format='JSON', partitions=1);\n"""
    sql += sink(es.url, {'topics': 'S', 'key.ignore': 'false', 'document-id.key-delimiter': '/'}, index=index + '-keys')
    sql += sink(es.url, {'topics': 'S', 'id': 'u-${USER}', 'version.column': 'ver', 'routing': 'user'}, name='own',
                index=index + '-own')
    sql += sink(es.url, {'topics': 'S', 'id': '${USER}', 'external.version.header': 'v', 'include.key': 'true',
                         'timestamp.field': 'when', **DEAD}, name='head', index=index + '-head')
    rows = [({'A': 'x', 'B': 1}, {'VER': 5, 'USER': 'Ann'}, {'v': '7'}),
            ({'A': 'y', 'B': 2}, {'VER': 4, 'USER': 'Ann'}, {'v': '8'}),
            ({'A': 'z', 'B': 3}, {'VER': 1, 'USER': 'Bob'}, {'v': 'x'})]
    send(case, sql, [{'key': k, 'value': v, 'headers': h, 'timestamp': 77} for k, v, h in rows], topic='S')
    equal(set(by_id(es.documents(index + '-keys'))), {'x/1', 'y/2', 'z/3'})
    equal(sorted((h['_id'], h['_source'], h['_version'], h['_routing']) for h in es.hits(index + '-own')),
          [('u-Ann', {'VER': 5, 'USER': 'Ann'}, 5, 'Ann'), ('u-Bob', {'VER': 1, 'USER': 'Bob'}, 1, 'Bob')])
    equal([(h['_source'], h['_version']) for h in es.hits(index + '-head')],
          [({'when': 77, 'A': 'y', 'B': 2, 'VER': 4, 'USER': 'Ann'}, 8)])
    equal([(json.loads(k), h['__connect.errors.exception.message']) for k, _, h in dead(case)],
          [({'A': 'z', 'B': 3}, 'the version is no whole number from 0 to 999999999999999999')])


@test
def elastic_windows(case):
    """Each window of a key is a document of its own; a session that grows replaces the shorter one."""
    es, index = node(), unique(case)
    sql = """CREATE STREAM s (k STRING KEY, v INT) WITH (kafka_topic='S', value_format='JSON', partitions=1);
      CREATE TABLE t WITH (kafka_topic='T') AS SELECT k, COUNT(*) AS n FROM s
        WINDOW TUMBLING (SIZE 10 SECONDS) GROUP BY k;
      CREATE TABLE u WITH (kafka_topic='U') AS SELECT k, COUNT(*) AS n FROM s
        WINDOW SESSION (10 SECONDS) GROUP BY k;\n"""
    sql += sink(es.url, {'topics': 'T'}, index=index + '-t')
    sql += sink(es.url, {'topics': 'U'}, name='u', index=index + '-u')
    send(case, sql, [order('a', v=1, at=t) for t in (1000, 2000, 11000, 15000, 40000)], topic='S')
    equal(by_id(es.documents(index + '-t')), {'a_0': {'N': 2}, 'a_10000': {'N': 2}, 'a_40000': {'N': 1}})
    equal(by_id(es.documents(index + '-u')), {'a_1000_15000': {'N': 4}, 'a_40000_40000': {'N': 1}})


@test
def elastic_values(case):
    """JSON is written as it came, in one line and no more than its object; all else is encoded."""
    es, index = node(), unique(case)
    texts = {'pretty': '{\n "URL" : "/a\\nb",\r\n "other": [1,\n2]\n}\n', 'more': '{"N":1},"script":{"source":"x"}',
             'deep': '{"x":{"y":{"z":1e2}},"N":1}', 'empty': '{}'}
    # Written through a stream of texts, read through one of JSON.
    sql = """CREATE STREAM raw (id STRING KEY, v STRING) WITH (kafka_topic='CLICKS', value_format='KAFKA',
      partitions=2);\n""" + ''.join("INSERT INTO raw (id, v) VALUES ('%s', '%s');\n" % t for t in texts.items())
    sql += 'DROP STREAM raw;\n'
    sql += STREAM + sink(es.url, {'topics': 'CLICKS', 'write.method': 'upsert', **DEAD}, index=index)
    case.run(sql)
    equal(by_id(es.documents(index)), {'pretty': {'URL': '/a\nb', 'other': [1, 2]}, 'more': {'N': 1},
                                       'deep': {'x': {'y': {'z': 1e2}}, 'N': 1}, 'empty': {}})


@test
def elastic_templates(case):
    """Index templates tell the types of the columns: decimals exact in a range, times as dates."""
    es, index = node(), unique(case)
    sql = """CREATE TABLE t (id STRING PRIMARY KEY, d DECIMAL(10, 2), big DECIMAL(30, 4), seen TIMESTAMP,
        day DATE, ok BOOLEAN, n INT, x DOUBLE, raw BYTES, tags ARRAY<STRING>,
        s STRUCT<A BIGINT, B STRING>, m MAP<STRING, INT>)
      WITH (kafka_topic='T', value_format='JSON', partitions=1);
      INSERT INTO t (id, d, big, seen, day, ok, n, x, raw, tags, s, m) VALUES ('a', 10.10, 1.5,
        '2024-02-03T04:05:06.007', '2024-02-03', true, 7, 0.5, TO_BYTES('hi', 'utf8'), ARRAY['p', 'q'],
        STRUCT(A := 1, B := 'b'), MAP('k' := 3));\n"""
    sql += sink(es.url, {'topics': 'T', 'index.template.create': 'true', 'include.key': 'true'},
                index=index + '-${ROWTIME:%Y}')
    case.run(sql)
    (name, _), = es.documents(index + '-*')
    _, answer = es.ask('GET', '/%s/_mapping' % name)
    got = answer[name]['mappings']['properties']
    text = {'type': 'text', 'fields': {'keyword': {'type': 'keyword', 'ignore_above': 256}}}
    equal(got, {'ID': text, 'D': {'type': 'scaled_float', 'scaling_factor': 100.0}, 'BIG': {'type': 'keyword'},
                'SEEN': {'type': 'date', 'format': 'epoch_millis'}, 'DAY': {'type': 'integer'},
                'OK': {'type': 'boolean'}, 'N': {'type': 'integer'}, 'X': {'type': 'double'}, 'RAW': {'type': 'binary'}, 'TAGS': text,
                'S': {'properties': {'A': {'type': 'long'}, 'B': text}},
                'M': {'properties': {'k': {'type': 'long'}}}})
    for query in ({'range': {'D': {'gte': 10.1, 'lte': 10.1}}}, {'term': {'TAGS.keyword': 'q'}},
                  {'range': {'SEEN': {'gte': 1706933106007, 'lte': 1706933106007}}}):
        _, answer = es.ask('POST', '/%s/_count' % name, {'query': query})
        equal(answer['count'], 1, query)


@test
def elastic_data_streams(case):
    """A data stream takes what is new, with the time of a column; what comes again is there already."""
    es, stream = node(), unique(case)
    sql = STREAM + sink(es.url, {'topics': 'CLICKS', 'data.stream.type': 'LOGS', 'data.stream.dataset': stream,
                                 'data.stream.namespace': 'test', 'data.stream.timestamp.field': 'seen',
                                 'index.template.create': 'true', 'index.template.name': stream})
    rows = [{'key': 'k', 'value': {'URL': '/%d' % n, 'SEEN': None if n == 2 else 1706933106000 + n}, 'timestamp': 5}
            for n in range(4)] + [{'key': 'k', 'value': None, 'timestamp': 5}]
    send(case, sql, rows, topic='CLICKS')
    name = 'logs-%s-test' % stream
    wanted = {'/%d' % n: 5 if n == 2 else 1706933106000 + n for n in range(4)}
    equal({h['_source']['URL']: h['_source']['@timestamp'] for h in es.hits(name)}, wanted)
    status, answer = es.ask('GET', '/_data_stream/' + name)
    equal((status, answer['data_streams'][0]['name']), (200, name))
    case.run(sql + sql[len(STREAM):].replace('CONNECTOR es', 'CONNECTOR again'))
    equal(len(es.hits(name)), 4, 'documents after all came again')
    said = send(case, STREAM + sink(es.url, {'topics': 'CLICKS'}, index=name), rows, topic='CLICKS', data='other',
                status=None)
    must("'data.stream.type' and 'data.stream.dataset' write to data streams" in said.err(), said.err())


# ---- what is not taken ----

@test
def elastic_refused_documents(case):
    """A document that its index refuses becomes a dead letter, with the cause; those around it are written."""
    es, index = node(), unique(case)
    es.ask('PUT', '/' + index, {'mappings': {'properties': {'NAME': {'type': 'integer'}}}})
    rows = [order(n, name='no number' if n % 10 == 3 else str(n)) for n in range(50)]
    send(case, TABLE + sink(es.url, DEAD, index=index), rows)
    wanted = {str(n) for n in range(50) if n % 10 != 3}
    equal(set(by_id(es.documents(index))), wanted)
    letters = dead(case)
    equal(sorted(k for k, _, _ in letters), [3, 13, 23, 33, 43])
    for key, value, headers in letters:
        equal(value, {'NAME': 'no number'})
        equal(headers['__connect.errors.topic'], 'ORDERS')
        equal(headers['__connect.errors.stage'], 'PUT')
        equal(headers['__connect.errors.connector.name'], 'ES')
        must('mapper_parsing_exception' in headers['__connect.errors.exception.message'], key, headers)
        must('For input string' in headers['__connect.errors.exception.message'], key, headers)
    # Without dead letters: the connector stops, or goes over them.
    said = send(case, TABLE + sink(es.url, index=index), rows, data='stops', status=None)
    must('mapper_parsing_exception' in said.err(), said.err())
    for n, how in enumerate(('warn', 'ignore')):
        es.ask('POST', '/%s/_delete_by_query?refresh=true' % index, {'query': {'match_all': {}}})
        passed = {'behavior.on.malformed.documents': how, 'version.type': 'none'}
        said = send(case, TABLE + sink(es.url, passed, index=index), rows, data=how)
        equal(set(by_id(es.documents(index))), wanted, how)
        must(('was skipped' in said.err()) == (n == 0), how, said.err())


@test
def elastic_wrong_configurations(case):
    """What would refuse every record alike stops the connector: no record goes to the dead letters for it."""
    es, index = node(), unique(case)
    for options, text in (({'pipeline': 'missing'}, 'pipeline with id [missing] does not exist'),
                          ({'connection.url': es.url + '/no/such'}, "the path in 'connection.url' right?"),
                          ({'index.template.create': 'true', 'index.template.name': 'UPPER'}, 'the index template: ')):
        said = send(case, TABLE + sink(es.url, DEAD, options, index=index), [order(1, name='a')],
                    data='d%d' % len(case.engines), status=None)
        must(text in said.err(), options, said.err())
    equal(es.documents(index), {})


# ---- crashes ----

@test
def elastic_killed(case):
    """After any number of kill -9 the indices equal the model: inserts, upserts, deletions, appended records."""
    es, index = node(), unique(case)
    rng = random.Random(8)
    total = 6000
    rows = []
    for n in range(total):
        key = rng.randrange(300)
        rows.append(order(key) if rng.random() < 0.1 else order(key, name='n%d' % n, total=n))
    newest = {}
    for n, row in enumerate(rows):
        newest.pop(str(row['key']), None)
        if row['value'] is not None:
            newest[str(row['key'])] = row['value']
    few = {'batch.size': '37', 'max.buffered.records': '500', 'linger.ms': '1'}
    sql = TABLE + sink(es.url, few, index=index + '-insert')
    sql += sink(es.url, few, {'write.method': 'upsert'}, name='up', index=index + '-upsert')
    sql += sink(es.url, few, {'key.ignore': 'true'}, name='app', index=index + '-append')
    send(case, TABLE, rows)
    total = len([r for r in rows if r['value'] is not None])
    kills = 0
    began = time.monotonic()
    while kills < 12 and time.monotonic() - began < 100:
        engine = case.start(sql, '--set', 'commit.interval.ms=20')
        status, answer = es.ask('GET', '/_cat/count/%s-append?format=json' % index)
        seen = int(answer[0]['count']) if status == 200 else 0
        wait = seen + rng.randrange(1, 400)

        def written():
            es.ask('POST', '/%s-append/_refresh' % index)
            status, answer = es.ask('GET', '/_cat/count/%s-append?format=json' % index)
            return status == 200 and int(answer[0]['count']) >= min(wait, total)
        until(written, what='documents')
        engine.kill()
        kills += 1
    case.run(sql)
    case.note('%d kills', kills)
    equal(by_id(es.documents(index + '-insert')), newest, 'inserts')
    equal(by_id(es.documents(index + '-upsert')), newest, 'upserts')
    appended = [h['_source']['NAME'] for h in es.hits(index + '-append')]
    equal(sorted(appended), sorted(r['value']['NAME'] for r in rows if r['value'] is not None), 'appended')


@test
def elastic_killed_in_a_commit(case):
    """Killed at each point of a commit, and again while it starts: the index equals the model."""
    es = node()
    points = ('start.done', 'epoch.begin', 'epoch.collected', 'store.write', 'store.written', 'epoch.done')
    rows = [order(n % 40) if n % 7 == 0 else order(n % 40, name='n%d' % n) for n in range(800)]
    newest = {str(r['key']): r['value'] for r in rows}
    for point in points:
        index = '%s-%s' % (unique(case), point.replace('.', '-'))
        few = {'batch.size': '20', 'max.buffered.records': '100', 'linger.ms': '0'}
        sql = TABLE + sink(es.url, few, index=index)
        send(case, TABLE, rows, data=point)
        died = 0
        for nth in (1, 2, 3, 5, 8):
            engine = case.start(sql, '--until-idle', '--set', 'commit.interval.ms=10', data=point,
                                env={'WEIR_FAULT': '%s:%d:kill' % (point, nth)})
            engine.process.wait(180)
            died += engine.process.returncode == -9
        must(died, point, 'was never reached')
        case.run(sql, data=point)
        equal(by_id(es.documents(index)), {k: v for k, v in newest.items() if v}, point)


@test
def elastic_rate(case):
    """Documents arrive whole in number, in large batches; the rate is a figure, not a promise."""
    es, index = node(), unique(case)
    total = 10000
    more = {'weir': RELEASE} if os.path.exists(RELEASE) else {}
    rows = [order(n, total=n, name='some text of a record that is %d' % n) for n in range(total)]
    send(case, TABLE, rows, **more)
    began = time.monotonic()
    case.run(TABLE + sink(es.url, index=index), **more)
    seconds = time.monotonic() - began
    equal(len(es.hits(index)), total)
    case.note('%d documents in %.1f s: %d/s, start and end of the process included', total, seconds, total / seconds)
