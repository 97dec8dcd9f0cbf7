"""The sink `redis` and real servers: what each type writes, what is refused, connections, clusters."""
import time

import redis_server
from case import Skipped, equal, must, test, until

STREAM = """CREATE STREAM S (K STRING KEY, N BIGINT, X DOUBLE, T STRING, B BIGINT) WITH (KAFKA_TOPIC='S', VALUE_FORMAT='JSON',
  PARTITIONS=2);
"""
TABLE = """CREATE TABLE T (K STRING PRIMARY KEY, N BIGINT, T STRING) WITH (KAFKA_TOPIC='S', VALUE_FORMAT='JSON',
  PARTITIONS=2);
"""
FAST = {'retry.backoff.ms': '10', 'retry.backoff.max.ms': '50', 'breaker.pause.ms': '20',
        'breaker.pause.max.ms': '50', 'linger.ms': '1'}
DEAD = {'errors.deadletterqueue.topic.name': 'dead'}


def server(*settings, cluster=False):
    reason = redis_server.unavailable()
    if reason:
        raise Skipped(reason)
    return redis_server.Cluster(*settings) if cluster else redis_server.Server(*settings)


def sink(uri, *options, name='r', **more):
    given = {'connector': 'redis', 'topics': 'S', 'redis.uri': uri, **FAST, **more}
    for o in options:
        given.update(o)
    text = ', '.join("'%s'='%s'" % (k.replace('__', '.'), str(v).replace("'", "''")) for k, v in given.items())
    return 'CREATE SINK CONNECTOR %s WITH (%s);\n' % (name, text)


def record(key, **columns):
    return {'key': key, 'value': {k.upper(): v for k, v in columns.items()} or None}


def send(case, records, *statements, stream=STREAM, **more):
    path = case.records('in-%d' % len(case.engines), records)
    return case.run(stream + ''.join(statements), '--input', 'S=' + path, **more)


def reasons(case):
    """Of the dead letters, by key."""
    found = {}
    for r in case.topic('dead'):
        found[r['key']] = dict(tuple(h) for h in r['headers'])['__connect.errors.exception.message']
    return found


@test
def redis_canonical(case):
    """The canonical statement: a hash for each row of a table of two keys, with a life of 30 days, deleted by
    a tombstone."""
    with server() as r:
        case.run("""CREATE STREAM EV (USER_ID STRING, PRODUCT_ID STRING, PRICE DOUBLE)
            WITH (KAFKA_TOPIC='S', VALUE_FORMAT='JSON', PARTITIONS=1);
          CREATE TABLE USER_ITEMS WITH (KEY_FORMAT='JSON') AS SELECT USER_ID, PRODUCT_ID, COUNT(*) AS N, SUM(PRICE) AS TOTAL
            FROM EV GROUP BY USER_ID, PRODUCT_ID HAVING COUNT(*) < 3;
          CREATE SINK CONNECTOR user_items WITH ('connector'='redis', 'topics'='USER_ITEMS', 'redis.uri'='%s',
            'redis.type'='hash', 'redis.key'='user:${USER_ID}:item:${PRODUCT_ID}', 'ttl'='30d');
          """ % r.uri, '--input', 'S=' + case.records('in', [
              {'key': None, 'value': {'USER_ID': u, 'PRODUCT_ID': p, 'PRICE': 2.5}}
              for u, p in (('a', 'x'), ('a', 'x'), ('a', 'y'), ('b', 'y'), ('b', 'y'), ('b', 'y'))]))
        equal(sorted(r.client('KEYS', '*')), [b'user:a:item:x', b'user:a:item:y'])
        equal(r.client('HGETALL', 'user:a:item:x'), [b'N', b'2', b'TOTAL', b'5.0'])
        must(0 < 30 * 86400000 - r.client('PTTL', 'user:a:item:x') < 600000, 'lives 30 days')


@test
def redis_types(case):
    """Each type writes what its commands say, NULL columns are removed fields, and names of other sinks' types
    mean the same."""
    with server() as r:
        def to(name, **more):
            return sink(r.uri, more, name=name, redis__key=name + ':${K}')
        send(case, [record('a', n=1, x=0.5, t='one', b=7), record('b', n=5, t='five'), record('a', n=2, x=1.5, b=None)],
             to('hash'), to('part', hash__fields='T=text,N'),
             to('string', redis__type='string', redis__value='${N}/${T}'), to('json', redis__type='json'),
             to('list', redis__type='LPUSH', redis__value='${N}', list__max__length='5'),
             sink(r.uri, {'redis.type': 'sadd', 'redis.key': 'set', 'member': '${K}'}, name='s'),
             sink(r.uri, {'redis.type': 'SortedSet', 'redis.key': 'zset', 'member': '${K}', 'score': 'N'}, name='z'),
             sink(r.uri, {'redis.type': 'zset', 'redis.key': 'best', 'member': '${K}', 'score': 'N', 'zadd.mode': 'incr'},
                  name='best'),
             sink(r.uri, {'redis.type': 'pfadd', 'redis.key': 'hll', 'member': '${K}'}, name='p'),
             to('stream', redis__type='stream'), to('count', incr__fields='N,X', hash__fields='T'),
             sink(r.uri, {'redis.type': 'command', 'redis.command': 'SET cmd:${K} ${N} EX 100'}, name='c'),
             sink(r.uri, {'redis.type': 'script', 'redis.script': "redis.call('SET', KEYS[1], ARGV[1] .. ARGV[2])",
                          'redis.key': 'lua:${K}', 'redis.script.args': '${N} x'}, name='l'))
        ask = r.client
        equal(ask('HGETALL', 'hash:a'), [b'N', b'2', b'X', b'1.5'])
        equal(ask('HGETALL', 'part:b'), [b'text', b'five', b'N', b'5'])
        equal([ask('GET', 'string:a'), ask('GET', 'string:b')], [b'2/', b'5/five'])
        equal(ask('GET', 'json:b'), b'{"N": 5, "T": "five"}')
        equal(ask('LRANGE', 'list:a', 0, -1), [b'2', b'1'])
        equal(sorted(ask('SMEMBERS', 'set')), [b'a', b'b'])
        equal(ask('ZRANGE', 'zset', 0, -1, 'WITHSCORES'), [b'a', b'2', b'b', b'5'])
        equal(ask('ZSCORE', 'best', 'a'), b'3')
        equal(ask('PFCOUNT', 'hll'), 2)
        equal([e[1] for e in ask('XRANGE', 'stream:a', '-', '+')],
              [[b'N', b'1', b'X', b'0.5', b'T', b'one', b'B', b'7'], [b'N', b'2', b'X', b'1.5']])
        equal(ask('HGETALL', 'count:a'), [b'N', b'3', b'X', b'2'])
        equal(ask('HGET', 'count:b', 'T'), b'five')
        equal([ask('GET', 'cmd:a'), ask('GET', 'lua:b')], [b'2', b'5x'])


@test
def redis_zreplace(case):
    """A whole sorted set is replaced at once, from structs or in the array's order; what cannot be one is a dead
    letter, and the old set stays."""
    with server() as r:
        stream = """CREATE STREAM A (K STRING KEY, TOP ARRAY<STRUCT<M STRING, P DOUBLE>>, NAMES ARRAY<STRING>)
          WITH (KAFKA_TOPIC='S', VALUE_FORMAT='JSON', PARTITIONS=1);\n"""
        options = {'redis.type': 'zreplace', **DEAD}
        send(case, [record('a', top=[{'M': 'x', 'P': 1}, {'M': 'y', 'P': 2}], names=['p', 'q', 'r']),
                    record('a', top=[{'M': 'z', 'P': 3.5}, None], names=['q']),
                    {'key': 'a', 'value': {'TOP': [{'M': 'x', 'P': None}], 'NAMES': ['s', 't']}},
                    record('b', top=[{'M': 'x', 'P': 1}], names=['n']), {'key': 'b', 'value': {'TOP': [], 'NAMES': None}}],
             sink(r.uri, options, {'array': 'TOP', 'score': 'P', 'member.field': 'M', 'redis.key': 'top:${K}', 'ttl': '100'}),
             sink(r.uri, options, {'array': 'NAMES', 'redis.key': 'names:${K}'}, name='n'), stream=stream)
        equal(r.client('ZRANGE', 'top:a', 0, -1, 'WITHSCORES'), [b'z', b'3.5'])
        equal(r.client('ZRANGE', 'names:a', 0, -1, 'WITHSCORES'), [b't', b'1', b's', b'2'])
        equal(r.client('EXISTS', 'top:b', 'names:b'), 0)
        must(r.client('TTL', 'top:a') > 0, 'lives')
        equal(reasons(case), {'a': 'an item of the array has no score or no member'})


@test
def redis_lives(case):
    """A life is set by each write, or only once; from a column of seconds or of times; SET does not end it when
    it is not to be prolonged."""
    with server() as r:
        r.client('SET', 'once:a', 'old', 'EX', 100)
        r.client('HSET', 'h:a', 'N', 1)
        r.client('EXPIRE', 'h:a', 100)
        end = int(time.time() * 1000) + 500000
        stream = STREAM.replace('B BIGINT', 'B BIGINT, E TIMESTAMP')
        send(case, [{'key': 'a', 'value': {'N': 1, 'B': 50, 'E': end}}, {'key': 'b', 'value': {'N': 1, 'B': None}}],
             sink(r.uri, {'redis.type': 'string', 'redis.key': 'each:${K}', 'ttl': '1h'}, name='a'),
             sink(r.uri, {'redis.type': 'string', 'redis.key': 'once:${K}', 'ttl': '1h', 'ttl.mode': 'if-new'}, name='b'),
             sink(r.uri, {'redis.key': 'h:${K}', 'ttl': '1h', 'ttl.mode': 'if-new'}, name='c'),
             sink(r.uri, {'redis.key': 'col:${K}', 'ttl.column': 'B'}, name='d'),
             sink(r.uri, {'redis.key': 'end:${K}', 'ttl.column': 'E', 'redis.type': 'string'}, name='e'), stream=stream)
        ttl = lambda key: r.client('TTL', key)    # noqa: E731
        must(3500 < ttl('each:a') <= 3600 and 3500 < ttl('once:b') <= 3600, 'an hour')
        must(0 < ttl('once:a') <= 100 and 0 < ttl('h:a') <= 100, 'not prolonged')
        must(r.client('GET', 'once:a') != b'old', 'written')
        must(0 < ttl('col:a') <= 50 and ttl('col:b') == -1 and 400 < ttl('end:a') <= 500, 'from columns')


@test
def redis_tombstones(case):
    """A tombstone takes away the key or the member; of lists and streams only when that is asked for."""
    with server() as r:
        options = lambda kind, **o: dict({'redis.type': kind, 'redis.key': kind + ':${K}'}, **o)    # noqa: E731
        send(case, [record('a', n=1, t='x'), record('b', n=2, t='y'), record('a')],
             *[sink(r.uri, o, name='c%d' % i) for i, o in enumerate((
                 options('hash'), options('string'), options('json', **{'on.delete': 'unlink'}), options('list'),
                 options('stream', **{'on.delete': 'del'}),
                 options('set', **{'redis.key': 'set', 'member': '${K}'}),
                 options('zset', **{'redis.key': 'zset', 'member': '${K}', 'score': 'N'}),
                 options('string', **{'redis.key': 'kept:${K}', 'on.delete': 'none', 'redis.value': '${T}'})))],
             stream=TABLE)
        keys = sorted(k.decode() for k in r.client('KEYS', '*') if not k.startswith(b'weir:'))
        equal(keys, ['hash:b', 'json:b', 'kept:a', 'kept:b', 'list:a', 'list:b', 'set', 'stream:b', 'string:b', 'zset'])
        equal(r.client('SMEMBERS', 'set') + r.client('ZRANGE', 'zset', 0, -1), [b'b', b'b'])


@test
def redis_refused_at_create(case):
    """Options that cannot work fail at CREATE and say which column or option is meant."""
    uri = 'redis://127.0.0.1:1'
    for stream, options, texts in (
            (TABLE, {'redis.key': 'k:${N}'}, ['a deleted row has its key columns only, and no N', "'on.delete'='none'"]),
            (TABLE, {'redis.type': 'set', 'member': '${T}', 'redis.key': '${K}'}, ['and no T']),
            (STREAM, {'redis.key': '${N}', 'on.delete': 'del'}, ['and no N']),
            (STREAM, {'redis.key': '${NOPE}'}, ['NOPE']),
            (STREAM, {'hash.fields': 'N,NOPE'}, ['NOPE is no column']), (STREAM, {'incr.fields': 'T'}, ['T is no number']),
            (STREAM, {'redis.type': 'zset', 'member': '${K}'}, ["'score'"]),
            (STREAM, {'redis.type': 'zset', 'member': '${K}', 'score': 'T'}, ['names no number']),
            (STREAM, {'redis.type': 'zreplace', 'array': 'N'}, ['names no ARRAY']),
            (STREAM, {'ttl.column': 'T'}, ['neither seconds']), (STREAM, {'redis.uri': 'http://x'}, ['no such scheme']),
            (STREAM, {'redis.mode': 'cluster', 'redis.database': '1'}, ['database 0 only']),
            (STREAM, {'redis.type': 'hsett'}, ['it can be string|json|hash']),
            (STREAM, {'tls.enabled': 'true', 'tls.ca.file': '/nowhere'}, ['/nowhere'])):
        case.refused(stream + sink(uri, options), *texts, data=None)


@test
def redis_poison(case):
    """What will never be taken is a dead letter with its reason, and nothing around it suffers: another type at
    the key, a counter that is text, a NULL in the key, a tombstone that names nothing."""
    with server() as r:
        for key in ('h:b', 'c:b', 'l:b'):
            r.client('SET', key, 'text')
        r.client('HSET', 'c:c', 'N', 'text')
        send(case, [record('a', n=1, t='x'), record('b', n=1, t='x'), record('c', n=1, t='x'), record('d', n=1),
                    record('b', n=2, t='x'), record('e')],
             sink(r.uri, DEAD, {'redis.key': 'h:${K}'}, name='h'), sink(r.uri, DEAD, {'redis.key': 'n:${T}'}, name='n'),
             sink(r.uri, {'errors.tolerance': 'all'}, {'redis.key': 'c:${K}', 'incr.fields': 'N'}, name='c'),
             sink(r.uri, {'errors.tolerance': 'all'}, {'redis.key': 'l:${K}', 'redis.type': 'list'}, name='l'))
        why = reasons(case)
        must('WRONGTYPE' in why['b'] and 'NULL' in why['d'] and 'names T' in why['e'], why)
        equal(sorted(r.client('KEYS', '[hcl]:*')), [b'c:a', b'c:b', b'c:c', b'c:d', b'h:a', b'h:b', b'h:c', b'h:d',
                                                    b'l:a', b'l:b', b'l:c', b'l:d'])


@test
def redis_windows(case):
    """Rows of windowed tables have a key for each window, unless another is given."""
    with server() as r:
        case.run("""CREATE STREAM S (K STRING KEY, N BIGINT) WITH (KAFKA_TOPIC='S', VALUE_FORMAT='JSON', PARTITIONS=1);
          CREATE TABLE W AS SELECT K, COUNT(*) AS C FROM S WINDOW TUMBLING (SIZE 1 SECOND) GROUP BY K;
          """ + sink(r.uri, topics='W') + sink(r.uri, {'redis.key': 'w:${K}:${WINDOWSTART:%S}'}, name='own', topics='W'),
                 '--input', 'S=' + case.records('in', [
                     {'key': 'a', 'value': {'N': 1}, 'timestamp': t} for t in (1000, 1500, 2500)]))
        equal([(k, r.client('HGET', k, 'C')) for k in sorted(r.client('KEYS', '*'))],
              [(b'W:a:1000', b'2'), (b'W:a:2000', b'1'), (b'w:a:01', b'2'), (b'w:a:02', b'1')])


@test
def redis_long_values(case):
    """Values of megabytes go through, alone and together, also those longer than a batch."""
    with server() as r:
        text = 'é' * 3000000
        send(case, [record('k%d' % i, t=text if i % 2 else 'short') for i in range(8)], sink(r.uri))
        equal([r.client('HSTRLEN', 'S:k%d' % i, 'T') for i in (0, 1, 7)], [5, 6000000, 6000000])


@test
def redis_connections(case):
    """TLS with the server's name checked, an ACL user, a database, a unix socket; a server that is not the one
    meant gets nothing."""
    with server() as r:
        records = [record('a', n=1), record('b', n=2)]
        tls = 'rediss://localhost:%d/3' % r.tls
        user = {'redis.username': 'weir', 'redis.password': 'weirpass', 'redis.key': 'out:${K}', 'incr.fields': 'N'}
        send(case, records, sink(tls, {'tls.ca.file': r.ca}, name='t'),
             sink('redis://weir:weirpass@127.0.0.1:%d' % r.port, {'redis.key': 'out:u:${K}'}, name='u'),
             sink(r.uri, user, name='v'), sink('unix://%s?db=5' % r.socket, name='x'),
             sink('127.0.0.1:%d' % r.port, {'redis.database': 6}, name='d'))
        r.client('SELECT', 3)
        equal(r.client('DBSIZE'), 2)
        r.client('SELECT', 5)
        equal(r.client('DBSIZE'), 2)
        r.client('SELECT', 6)
        equal(r.client('DBSIZE'), 2)
        r.client('SELECT', 0)
        equal([r.client('HGET', 'out:a', 'N'), r.client('HGET', 'out:u:b', 'N')], [b'1', b'2'])
        live = case.start(STREAM + sink(tls.replace('localhost', '127.0.0.2'), {'tls.ca.file': r.ca}), '--input', 'S=-', data='d2')
        live.feed(*records)
        live.says('127.0.0.2')
        live.kill()
        r.client('SELECT', 3)
        equal(r.client('DBSIZE'), 2)


@test
def redis_not_allowed(case):
    """A wrong password, a command or key that the user may not use: the connector fails, with Redis's reason."""
    with server() as r:
        for options, text in (({'redis.password': 'wrong', 'redis.username': 'weir'}, 'WRONGPASS'),
                              ({'redis.username': 'reader', 'redis.password': 'readpass'}, 'NOPERM'),
                              ({'redis.username': 'weir', 'redis.password': 'weirpass', 'redis.key': 'other:${K}'}, 'NOPERM'),
                              ({'redis.username': 'weir', 'redis.password': 'weirpass', 'redis.key': 'other:${K}',
                                'incr.fields': 'N'}, 'NOPERM'),
                              ({'redis.type': 'command', 'redis.command': 'NOSUCH ${K}'}, 'unknown command')):
            done = send(case, [record('a', n=1)], sink(r.uri, options), status=None, data='d%d' % len(case.engines))
            must(text in done.err() + done.out(), text, done.err()[-2000:])
        equal(r.client('DBSIZE'), 0)


@test
def redis_refuses_for_a_while(case):
    """Out of memory, read only, too few replicas, a busy script: all waits, and afterwards everything is there
    once and in order, counters and lists, too."""
    with server() as r:
        live = case.start(STREAM + sink(r.uri, {'redis.key': 'h:${K}'}, name='h') +
                          sink(r.uri, {'redis.key': 'c:${K}', 'incr.fields': 'N'}, name='c') +
                          sink(r.uri, {'redis.key': 'l:${K}', 'redis.type': 'list', 'redis.value': '${N}'}, name='l'),
                          '--input', 'S=-')
        n = 0

        def feed(count):
            nonlocal n
            live.feed(*[record('k%d' % (i % 7), n=i) for i in range(n, n + count)])
            n += count

        def has(count):
            return sum(r.client('LLEN', 'l:k%d' % i) for i in range(7)) == count
        feed(500)
        until(lambda: has(500), what='the first records')
        for begin, end, text in (
                (('CONFIG', 'SET', 'maxmemory', '1'), ('CONFIG', 'SET', 'maxmemory', '0'), 'OOM'),
                (('REPLICAOF', '127.0.0.1', '1'), ('REPLICAOF', 'NO', 'ONE'), ''),
                (('CONFIG', 'SET', 'min-replicas-to-write', '1'), ('CONFIG', 'SET', 'min-replicas-to-write', '0'), 'NOREPLICAS')):
            r.client(*begin)
            feed(400)
            if text:
                live.says(text)
            else:
                until(lambda: 'READONLY' in live.err() or 'MASTERDOWN' in live.err(), what='READONLY')
            must(not has(n), 'nothing is taken')
            r.client(*end)
            until(lambda: has(n), what=lambda: 'all again\n' + live.err()[-2000:])
        live.stop()
        check_exact(r.client, n)


def check_exact(ask, n, keys=7):
    for k in range(keys):
        mine = [i for i in range(n) if i % keys == k]
        equal(ask('LRANGE', 'l:k%d' % k, 0, -1), [b'%d' % i for i in mine], 'list of k%d' % k)
        equal(ask('HGET', 'c:k%d' % k, 'N'), b'%d' % sum(mine), 'counter of k%d' % k)
        equal(ask('HGET', 'h:k%d' % k, 'N'), b'%d' % mine[-1], 'hash of k%d' % k)


@test
def redis_forgets_the_script(case):
    """SCRIPT FLUSH costs nothing; FLUSHALL loses what Redis had, and later records count from there."""
    with server() as r:
        live = case.start(STREAM + sink(r.uri, {'redis.key': 'c:${K}', 'incr.fields': 'N'}), '--input', 'S=-')
        live.feed(record('a', n=1))
        until(lambda: r.client('HGET', 'c:a', 'N') == b'1')
        r.client('SCRIPT', 'FLUSH')
        live.feed(record('a', n=2))
        until(lambda: r.client('HGET', 'c:a', 'N') == b'3')
        r.client('FLUSHALL')
        r.client('SCRIPT', 'FLUSH')
        live.feed(record('a', n=4))
        until(lambda: r.client('HGET', 'c:a', 'N') == b'4')
        live.stop()
        must('NOSCRIPT' not in live.err(), live.err()[-2000:])


@test
def redis_made_again(case):
    """A counter sink that is dropped and made again begins anew: fences of the earlier one do not hold it back."""
    with server() as r:
        counts = sink(r.uri, {'redis.key': 'c:${K}', 'incr.fields': 'N'})
        send(case, [record('a', n=1), record('b', n=2)], counts)
        case.run(STREAM + counts + 'DROP CONNECTOR r;\n' + counts)
        equal([r.client('HGET', 'c:a', 'N'), r.client('HGET', 'c:b', 'N')], [b'2', b'4'])


@test
def redis_check_shows_commands(case):
    """CHECK CONNECTOR prints the commands for the last record, and no password."""
    with server() as r:
        made = sink(r.uri, {'redis.username': 'weir', 'redis.password': 'weirpass', 'redis.key': 'out:${K}', 'ttl': '1m'})
        send(case, [record('a', n=1, t='x y')], made)
        told = case.run(STREAM + made + 'CHECK CONNECTOR r; DESCRIBE CONNECTOR r;')
        must('HSET out:a N 1 T x y' in told.out() and 'PEXPIRE out:a 60000' in told.out(), told.out())
        must('weirpass' not in told.out() + told.err(), 'the password is shown')


@test
def redis_cluster(case):
    """All types in a cluster: keys and fences are where their slots are, tags in braces are heeded."""
    with server(cluster=True) as r:
        n = 700
        send(case, [record('k%d' % (i % 7), n=i) for i in range(n)],
             sink(r.uri, {'redis.key': 'h:${K}'}, name='h'), sink(r.uri, {'redis.key': 'c:${K}', 'incr.fields': 'N'}, name='c'),
             sink(r.uri, {'redis.key': 'l:${K}', 'redis.type': 'list', 'redis.value': '${N}'}, name='l'),
             sink(r.uri, {'redis.key': 'x{${K}}', 'redis.type': 'string', 'redis.value': '${N}', 'redis.mode': 'cluster'}, name='x'),
             sink(r.uri, {'redis.type': 'command', 'redis.command': 'SET cmd:${K} ${N}'}, name='m'))
        check_exact(r.ask, n)
        equal([r.ask('GET', 'x{k3}'), r.ask('GET', 'cmd:k3')], [b'696', b'696'])
        for c in r.clients:
            must(c('DBSIZE') > 0, 'each node has keys')


@test
def redis_cluster_moves(case):
    """Slots move to other nodes, key by key, while records come, and a node dies and comes back: counters stay
    exact, lists in order."""
    with server('appendonly yes', cluster=True) as r:
        live = case.start(STREAM + sink(r.uri, {'redis.key': 'h:${K}'}, name='h') +
                          sink(r.uri, {'redis.key': 'c:${K}', 'incr.fields': 'N'}, name='c') +
                          sink(r.uri, {'redis.key': 'l:${K}', 'redis.type': 'list', 'redis.value': '${N}'}, name='l'),
                          '--input', 'S=-')
        n = 0

        def feed(count):
            nonlocal n
            live.feed(*[record('k%d' % (i % 7), n=i) for i in range(n, n + count)])
            n += count

        def counted():
            try:
                return sum(r.ask('LLEN', 'l:k%d' % i) for i in range(7))
            except redis_server.Error: # the nodes do not agree again yet
                return -1

        def all_there():
            until(lambda: counted() == n, what=lambda: live.err()[-2000:])
        feed(300)
        all_there()
        for key in ('l:k1', 'c:k2', 'h:k3', 'l:k4'):
            slot = r.client('CLUSTER', 'KEYSLOT', key)
            for _ in r.steps(slot, (r.owner(slot) + 1) % 3):
                feed(100)
        all_there()
        feed(200)
        redis_server.call('cluster-kill', r.folder, '2')
        r.clients[1].close()
        feed(300)
        redis_server.call('cluster-resume', r.folder, '2')
        all_there()
        until(lambda: r.ask('HGET', 'c:k6', 'N') == b'%d' % sum(i for i in range(n) if i % 7 == 6))
        live.stop()
        check_exact(r.ask, n)
