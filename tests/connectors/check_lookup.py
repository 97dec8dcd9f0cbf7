"""Tables that are looked up in real Redis servers: what a joined row gets, what waits for what, killed on both
sides."""
import json
import os
import random
import time

import redis_server
from case import Skipped, equal, must, test, until

CLICKS = """CREATE STREAM CLICKS (K STRING KEY, USERID STRING, N BIGINT) WITH (KAFKA_TOPIC='C', VALUE_FORMAT='JSON',
  PARTITIONS=%d);
"""
COLUMNS = 'ID STRING PRIMARY KEY, NAME STRING, AGE INT'
PLENTY = 300  # of seconds, for runs that are killed and started again on a busy machine


def server(*settings, cluster=False):
    reason = redis_server.unavailable()
    if reason:
        raise Skipped(reason)
    return redis_server.Cluster(*settings) if cluster else redis_server.Server(*settings)


def table(uri, columns=COLUMNS, name='USERS', **more):
    given = {'connector': 'redis', 'redis.uri': uri, 'redis.key': 'user:${ID}', 'retry.backoff.ms': '10',
             'retry.backoff.max.ms': '50', **{k.replace('__', '.'): v for k, v in more.items()}}
    text = ', '.join("'%s'='%s'" % (k, str(v).replace("'", "''")) for k, v in given.items())
    return 'CREATE TABLE %s (%s) WITH (%s);\n' % (name, columns, text)


def joined(kind='LEFT', what='C.USERID, C.N, U.NAME, U.AGE', name='OUT', more=''):
    return ("CREATE STREAM %s AS SELECT %s FROM CLICKS C %s JOIN USERS U ON C.USERID = U.ID %s EMIT CHANGES;\n"
            % (name, what, kind, more))


def click(user, n=0, key='k'):
    return {'key': key, 'value': {'USERID': user, 'N': n}}


def send(case, records, *statements, partitions=1, options=(), **more):
    path = case.records('in-%d' % len(case.engines), records)
    return case.run(CLICKS % partitions + ''.join(statements), '--input', 'C=' + path, *options, **more)


def rows(case, topic='OUT'):
    return [(r['key'], *(r['value'] or {}).values()) for r in case.topic(topic)]


def problems(case):
    with open(case.path('problems'), encoding='utf-8') as f:
        return [json.loads(line) for line in f]


@test
def lookup_inner_left(case):
    """INNER drops rows whose key is missing or NULL, LEFT gives them NULLs; order stays, and the key is the
    join's."""
    with server() as r:
        r.client('HSET', 'user:a', 'NAME', 'Ann', 'AGE', 30)
        r.client('HSET', 'user:b', 'NAME', 'Bob')
        r.client('HSET', 'user:z', 'other', 'x')
        send(case, [click(u, n) for n, u in enumerate(['a', 'x', 'b', None, 'a', 'z', 'b'])], table(r.uri),
             joined(), joined('INNER', name='IN_OUT'))
        equal(rows(case), [('a', 0, 'Ann', 30), ('x', 1, None, None), ('b', 2, 'Bob', None), (None, 3, None, None),
                           ('a', 4, 'Ann', 30), ('z', 5, None, None), ('b', 6, 'Bob', None)])
        equal(rows(case, 'IN_OUT'), [('a', 0, 'Ann', 30), ('b', 2, 'Bob', None), ('a', 4, 'Ann', 30),
                                     ('b', 6, 'Bob', None)])


@test
def lookup_types(case):
    """Fields become values of all types of columns, under other names; a number is a key, too; a string is one
    column, a JSON object several."""
    columns = ("ID BIGINT PRIMARY KEY, S STRING, I INT, B BIGINT, D DOUBLE, P DECIMAL(6,2), T BOOLEAN, W TIMESTAMP, "
               "A ARRAY<INT>, M STRUCT<X INT, Y STRING>, R BYTES")
    fields = ['name', 'Zoë', 'I', '-5', 'B', '9000000000', 'D', '2.5', 'P', '12.30', 'T', 'true', 'W', '1700000000000',
              'A', '[1,2]', 'M', '{"X":1,"Y":"q"}', 'R', 'raw']
    wanted = ('S, U.I, U.B, U.D, U.P, U.T, U.W, U.A, U.M, U.R').split(', ')
    what = 'C.N AS K, C.N AS N, ' + ', '.join('U.%s AS %s' % (w.split('.')[-1], w.split('.')[-1]) for w in wanted)
    with server() as r:
        r.client('HSET', 'n:7', *fields)
        r.client('SET', 'text:7', 'alone')
        r.client('SET', 'json:7', json.dumps({'s': 'Zoë', 'I': -5, 'A': [1, 2], 'M': {'X': 1, 'Y': 'q'}, 'T': True,
                                              'more': None}))
        on = "CREATE STREAM %s AS SELECT %s FROM CLICKS C JOIN %s U ON C.N = U.ID EMIT CHANGES;\n"
        send(case, [click('a', 7), click('a', 8)],
             table(r.uri, columns, redis__key='n:${ID}', hash__fields='S=name'),
             on % ('H', what.replace('C.N AS N, ', '').replace('C.N AS K', 'C.N'), 'USERS'),
             table(r.uri, 'ID BIGINT PRIMARY KEY, V STRING', name='TEXTS', redis__type='string', redis__key='text:${ID}'),
             on % ('T', 'C.N, U.V', 'TEXTS'),
             table(r.uri, 'ID BIGINT PRIMARY KEY, S STRING, I INT, A ARRAY<INT>, M STRUCT<X INT, Y STRING>, T BOOLEAN',
                   name='OBJECTS', redis__type='json', redis__key='json:${ID}'),
             on % ('J', 'C.N, U.S, U.I, U.A, U.M, U.T', 'OBJECTS'))
        equal([r['value'] for r in case.topic('H')],
              [{'S': 'Zoë', 'I': -5, 'B': 9000000000, 'D': 2.5, 'P': 12.30, 'T': True, 'W': 1700000000000, 'A': [1, 2],
                'M': {'X': 1, 'Y': 'q'}, 'R': 'cmF3'}])
        equal([r['value'] for r in case.topic('T')], [{'V': 'alone'}])
        equal([r['value'] for r in case.topic('J')],
              [{'S': 'Zoë', 'I': -5, 'A': [1, 2], 'M': {'X': 1, 'Y': 'q'}, 'T': True}])


@test
def lookup_unreadable(case):
    """A key of another type, or a value that is none of its column: NULL, the row goes on, and the processing log
    has a line for each."""
    with server() as r:
        r.client('SET', 'user:w', 'no hash')
        r.client('HSET', 'user:v', 'NAME', 'Vic', 'AGE', 'old')
        r.client('HSET', 'user:a', 'NAME', 'Ann', 'AGE', 1)
        r.client('HSET', 'user:l', 'NAME', 'x' * (1 << 20), 'AGE', 1)
        send(case, [click(u, n) for n, u in enumerate(['w', 'v', 'a', 'w', 'l'])], table(r.uri), joined('INNER'),
             options=('--processing-log', case.path('problems')))
        equal(rows(case), [('w', 0, None, None), ('v', 1, 'Vic', None), ('a', 2, 'Ann', 1), ('w', 3, None, None),
                           ('l', 4, None, None)])
        text = json.dumps(problems(case))
        equal(len(problems(case)), 3, text)
        must('WRONGTYPE' in text and 'bytes, more than' in text and 'column AGE' in text and 'INTEGER' in text, text)


@test
def lookup_cache(case):
    """Within its ttl an answer is used again, also that there is none; without one each portion asks anew; a table
    of few entries forgets, and is right all the same."""
    with server() as r:
        for n in range(500):
            r.client('HSET', 'user:%d' % n, 'NAME', 'n%d' % n, 'AGE', n)
        wanted = [(str(n % 600), n, 'n%d' % (n % 600) if n % 600 < 500 else None, n % 600 if n % 600 < 500 else None)
                  for n in range(60000)]
        for ttl, most, least_asked, most_asked in (('1h', 100000, 600, 600), ('1h', 10, 600, 60000), ('0', 100000, 1200, 60000)):
            r.client('CONFIG', 'RESETSTAT')
            data = 'data-%s-%s' % (ttl, most)
            path = case.records('clicks', [click(w[0], w[1]) for w in wanted])
            case.run(CLICKS % 1 + table(r.uri, lookup__cache__ttl=ttl, lookup__cache__max__entries=most) + joined(),
                     '--input', 'C=' + path, data=data, seconds=PLENTY)
            equal([(x['key'], *x['value'].values()) for x in case.topic('OUT', data=data)], wanted, data)
            asked = [line for line in r.client('INFO', 'commandstats').decode().splitlines()
                     if line.startswith('cmdstat_hmget:')]
            calls = int(asked[0].split('calls=')[1].split(',')[0])
            must(least_asked <= calls <= most_asked, data, 'asked', calls)


@test
def lookup_many_partitions(case):
    """Several partitions and workers, WHERE on both sides, UNNEST in front, a second table behind, an aggregation
    on top: the same rows as one by one."""
    with server() as r:
        for n in range(50):
            r.client('HSET', 'user:%d' % n, 'NAME', 'g%d' % (n % 7), 'AGE', n)
        for n in range(0, 7, 2):
            r.client('SET', 'group:g%d' % n, 'G%d' % n)
        stream = CLICKS % 4
        path = case.records('clicks', [{'key': 'k%d' % (n % 11), 'value': {'USERID': str(n % 60), 'N': n}} for n in range(5000)])
        case.run(stream + table(r.uri) +
                 table(r.uri, 'ID STRING PRIMARY KEY, V STRING', name='GROUPS', redis__type='string', redis__key='group:${ID}') +
                 """CREATE STREAM OUT AS SELECT C.USERID, C.N, U.NAME, G.V FROM CLICKS C JOIN USERS U ON C.USERID = U.ID
                      LEFT JOIN GROUPS G ON U.NAME = G.ID WHERE C.N > 100 AND U.AGE <> 3 EMIT CHANGES;
                    CREATE TABLE PER AS SELECT U.NAME AS NAME, COUNT(*) AS C FROM CLICKS C JOIN USERS U ON C.USERID = U.ID
                      GROUP BY U.NAME EMIT CHANGES;
                    CREATE STREAM PARTS AS SELECT P, C.N, U.AGE FROM CLICKS C JOIN USERS U ON C.USERID = U.ID
                      JOIN UNNEST(ARRAY[1, 2]) AS P PARTITION BY P EMIT CHANGES;
                 """, '--input', 'C=' + path, '--workers', '3', seconds=PLENTY)
        wanted = []
        count = {}
        for n in range(5000):
            u = n % 60
            if u < 50:
                group = u % 7
                count['g%d' % group] = count.get('g%d' % group, 0) + 1
                if n > 100 and u != 3:
                    there = group % 2 == 0
                    wanted.append((n, str(u), 'g%d' % group, 'G%d' % group if there else None))
        got = sorted((x['value']['N'], x['value']['USERID'], x['key'], x['value']['V']) for x in case.topic('OUT'))
        equal(got, sorted(wanted))
        last = {}
        for x in case.topic('PER'):
            last[x['key']] = x['value']['C']
        equal(last, count)
        equal(len(case.topic('PARTS')), 2 * sum(count.values()))


@test
def lookup_away(case):
    """Redis is not there yet, goes and comes back: the query waits and says so, another one goes on and commits,
    PAUSE, DROP and the end work meanwhile; nothing is lost, nothing is there twice."""
    with server('appendonly yes') as r:
        for n in range(20):
            r.client('HSET', 'user:%d' % n, 'NAME', 'n%d' % n, 'AGE', n)
        sql = (CLICKS % 2 + table(r.uri, lookup__cache__ttl='0', lookup__timeout='500') + joined('INNER') +
               'CREATE STREAM PLAIN AS SELECT K, N FROM CLICKS EMIT CHANGES;\n')
        engine = case.start(sql, '--input', 'C=-', '--output', 'PLAIN=' + case.path('plain'), '--output',
                            'OUT=' + case.path('out'))

        def count(name):
            try:
                with open(case.path(name), encoding='utf-8') as f:
                    return len(f.readlines())
            except OSError:
                return 0
        engine.feed(*[click(str(n % 20), n, 'k%d' % n) for n in range(200)])
        until(lambda: count('out') == 200, what='200 rows')
        r.kill()
        engine.feed(*[click(str(n % 20), n, 'k%d' % n) for n in range(200, 400)])
        until(lambda: count('plain') == 400, what='the other query goes on')  # outputs follow the commit
        engine.says('the queries that look it up wait')
        equal(count('out'), 200)
        engine.stop()
        again = case.start(sql + 'DROP STREAM PLAIN; PAUSE CSAS_OUT_0; RESUME CSAS_OUT_0;', '--until-idle', '--output',
                           'OUT=' + case.path('out2'))
        again.says('the queries that look it up wait')
        must(again.process.poll() is None, 'waiting is not idle')
        r.resume()
        again.ends()
        equal(sorted(x['value']['N'] for x in case.topic('OUT')), list(range(400)))


@test
def lookup_killed(case):
    """Weir is killed again and again at work: in the end each record has come out once, with its row."""
    with server() as r:
        users = 5000
        r.client.all([('HSET', 'user:%d' % n, 'NAME', 'n%d' % n, 'AGE', n) for n in range(users)])
        total = 100000
        chance = random.Random(case.name)
        path = case.records('clicks', [{'key': 'k%d' % (n % 97), 'value': {'USERID': str(chance.randrange(users + 500)),
                                                                           'N': n}} for n in range(total)])
        case.run(CLICKS % 3, '--input', 'C=' + path, seconds=PLENTY)
        sql = CLICKS % 3 + table(r.uri, lookup__cache__ttl='50ms', lookup__cache__max__entries='1000') + joined()
        options = ('--workers', '2', '--set', 'commit.interval.ms=50', '--set', 'auto.offset.reset=earliest')
        done = [0]

        def lines(name):
            if not os.path.exists(name):
                return 0
            with open(name, 'rb') as f:
                return sum(1 for _ in f)
        for life in range(8):
            out = case.path('out-%d' % life)
            engine = case.start(sql, *options, '--output', 'OUT=' + out)
            until(lambda o=out: lines(o) > done[-1], what='more comes out')
            time.sleep(chance.uniform(0, 0.05))  # anywhere: not a condition, only a place to be killed at
            engine.kill()
            done.append(len(case.topic('OUT')))
            if done[-1] == total:
                break
        case.note('killed after %s', done)
        case.run(sql, *options, seconds=PLENTY)
        got = case.topic('OUT')
        equal(sorted(x['value']['N'] for x in got), list(range(total)))
        for x in got:
            n = int(x['key'])
            equal(x['value']['NAME'], 'n%d' % n if n < users else None)


@test
def lookup_cluster(case):
    """Keys all over a cluster are found, each at its node."""
    with server(cluster=True) as r:
        for n in range(200):
            r.ask('HSET', 'user:%d' % n, 'NAME', 'n%d' % n, 'AGE', n)
        send(case, [click(str(n % 250), n) for n in range(1000)], table(r.uri), joined('INNER'))
        equal(rows(case), [(str(n % 250), n, 'n%d' % (n % 250), n % 250) for n in range(1000) if n % 250 < 200])


@test
def lookup_secured(case):
    """A user with a password over TLS; a wrong password is told, and waits."""
    with server() as r:
        r.client('ACL', 'SETUSER', 'reader', 'reset', 'on', '>secret', '~user:*', '+@read', '+@connection')
        r.client('HSET', 'user:a', 'NAME', 'Ann', 'AGE', 1)
        uri = 'rediss://127.0.0.1:%d' % r.tls
        given = {'redis.username': 'reader', 'redis.password': 'secret', 'tls.ca.file': r.ca}
        send(case, [click('a')], table(uri, **given), joined())
        equal(rows(case), [('a', 0, 'Ann', 1)])
        given['redis.password'] = 'wrong'
        path = case.records('one', [click('a')])
        engine = case.start(CLICKS % 1 + table(uri, **given) + joined(), '--input', 'C=' + path, '--until-idle', data='d2')
        engine.says('WRONGPASS')
        engine.stop()


@test
def lookup_disabled(case):
    """An environment without Redis: nothing is asked, and no key has a row."""
    send(case, [click('a', 1)], table('redis://127.0.0.1:1', enabled='false'), joined(), joined('INNER', name='IN_OUT'))
    equal(rows(case), [('a', 1, None, None)])
    equal(rows(case, 'IN_OUT'), [])


@test
def lookup_refused(case):
    """What such a table is not for is refused, with a caret and what to do; checking needs no Redis."""
    users = table('redis://127.0.0.1:1')
    stream = CLICKS % 1
    hint = 'join a stream with it'
    for sql, texts in (
            ('SELECT * FROM USERS EMIT CHANGES;', ('It cannot be read through', hint)),
            ('SELECT * FROM USERS;', ('It cannot be read through', hint)),
            ('CREATE TABLE T AS SELECT * FROM USERS EMIT CHANGES;', ('It cannot be read through', hint)),
            ('CREATE STREAM T AS SELECT C.USERID, U.ROWTIME AS R FROM CLICKS C JOIN USERS U ON C.USERID = U.ID EMIT CHANGES;',
             ('U_ROWTIME', 'cannot be resolved')),
            ("INSERT INTO USERS (ID, NAME) VALUES ('a', 'b');", ('Nothing can be inserted', hint)),
            ('CREATE STREAM T AS SELECT * FROM USERS U JOIN CLICKS C ON C.USERID = U.ID EMIT CHANGES;',
             ('It cannot be read through', hint)),
            ("CREATE TABLE O (ID STRING PRIMARY KEY, V INT) WITH (KAFKA_TOPIC='O', VALUE_FORMAT='JSON', PARTITIONS=1);"
             'CREATE TABLE T AS SELECT * FROM O JOIN USERS U ON O.ID = U.ID EMIT CHANGES;',
             ('Only a stream can be joined with it', hint)),
            ('CREATE STREAM T AS SELECT * FROM CLICKS C FULL OUTER JOIN USERS U ON C.USERID = U.ID EMIT CHANGES;',
             ('full-outer join not supported',)),
            ('CREATE STREAM T AS SELECT * FROM CLICKS C JOIN USERS U ON C.USERID = U.NAME EMIT CHANGES;', ('primary key',)),
            ('CREATE STREAM T AS SELECT * FROM CLICKS C JOIN USERS U ON C.N = U.ID EMIT CHANGES;', ('BIGINT', 'CAST')),
            ("CREATE STREAM T AS SELECT * FROM CLICKS C JOIN USERS U ON C.USERID = U.ID AND U.NAME = 'x' EMIT CHANGES;",
             ('one equality in ON', 'WHERE')),
            ('CREATE STREAM T AS SELECT * FROM CLICKS C JOIN CLICKS D WITHIN 1 HOUR ON C.K = D.K JOIN USERS U '
             'ON C.USERID = U.ID EMIT CHANGES;', ('comes first', 'make a stream of')),
            ("CREATE TABLE O (ID STRING PRIMARY KEY, V INT) WITH (KAFKA_TOPIC='O', VALUE_FORMAT='JSON', PARTITIONS=1);"
             'CREATE STREAM T AS SELECT * FROM CLICKS C JOIN USERS U ON C.USERID = U.ID JOIN O ON C.K = O.ID EMIT CHANGES;',
             ('cannot be joined again', 'make a stream of it')),
            ('CREATE OR REPLACE ' + users[len('CREATE '):], ('cannot replace', 'DROP TABLE USERS')),
            ('ALTER TABLE USERS ADD COLUMN X INT;', ('Cannot alter it',)),
            ('DROP TABLE USERS DELETE TOPIC;', ('no topic to delete',))):
        said = case.refused(stream + users + sql, *texts, data=None)
        must('^' in said, 'a caret', said)
    for more, texts in (({'KAFKA_TOPIC': 'x'}, ('KAFKA_TOPIC', 'no topic')), ({'redis.key': 'user'}, ('${ID}',)),
                        ({'redis.key': 'user:${NAME}'}, ('NAME is no column',)),
                        ({'redis.key': 'user:${ID}:${offset}'}, ('made of ${ID} and text',)),
                        ({'hash.fields': 'NOPE=x'}, ('NOPE is no column',)), ({'redis.type': 'set'}, ('hash|string|json',)),
                        ({'redis.type': 'string'}, ('one column besides the key', 'json')),
                        ({'lookup.cache.tll': '1'}, ('lookup.cache.ttl',))):
        must('^' in case.refused(table('redis://127.0.0.1:1', **more), *texts, data=None), 'a caret', more)
    case.refused("CREATE STREAM S (K STRING KEY) WITH (connector='redis', KAFKA_TOPIC='s', VALUE_FORMAT='JSON');",
                 "no source connector 'redis'", data=None)
    said = case.run(stream + users + joined() + 'DESCRIBE USERS; DROP STREAM OUT; DROP TABLE USERS;', data=None).out()
    must('Looked up in' in said, said)
