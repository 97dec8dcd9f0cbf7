"""Names that want to be something else: paths, statements, options. Wherever a name can stand it is refused, or it
is that name and nothing more: no file is touched but those it may touch, the process ends in order and says little.
Statements that are too large, patterns that take for ever, numbers that do not fit: an error, or an answer, never a
crash."""
import os
import tempfile

from weir import lines, weir, write

NAMES = ["'; DROP STREAM s; --", '../../b', 'a\0b', 'x' * 10000, '..', '/etc/passwd', '%2e%2e%2fb', '\u202egnp.exe', '\u0430dmin',
         'CON', '-rf', '${env:HOME}', 'a\nb', '`', '$(touch pwned)', '%s%s%n']
COLUMNS = "(k STRING KEY, v INT) WITH (kafka_topic=%s, value_format='JSON', partitions=1);\n"
SOURCE = 'CREATE STREAM s ' + COLUMNS % "'s'"
ROW = "INSERT INTO s VALUES ('a', 1);\n"


def text(name):
    return "'%s'" % name.replace("'", "''")


def quoted(name):
    return '`%s`' % name.replace('`', '``')


PLACES = {
    'a topic': lambda n: 'CREATE STREAM t ' + COLUMNS % text(n) + "INSERT INTO t VALUES ('a', 1);\n",
    'a stream': lambda n: 'CREATE STREAM %s ' % quoted(n) + COLUMNS % "'t'",
    'a table over a topic': lambda n: SOURCE + 'CREATE TABLE %s AS SELECT k, COUNT(*) AS c FROM s GROUP BY k;\n' % quoted(n) + ROW,
    'a query': lambda n: SOURCE + 'CREATE STREAM o WITH (query_id=%s) AS SELECT * FROM s;\n' % text(n) + ROW,
    'a column': lambda n: 'CREATE STREAM t (k STRING KEY, %s INT) WITH (kafka_topic=\'t\', value_format=\'JSON\', partitions=1);\n'
                          % quoted(n),
    'a connector': lambda n: SOURCE + "CREATE SINK CONNECTOR %s WITH ('connector'='file', 'topics'='s', 'path'='x.jsonl', "
                             "'base.dir'='out');\n" % quoted(n) + ROW,
    'topics of a connector': lambda n: SOURCE + "CREATE SINK CONNECTOR c WITH ('connector'='blackhole', 'topics'=%s);\n" % text(n),
    'a dead-letter topic': lambda n: SOURCE + "CREATE SINK CONNECTOR c WITH ('connector'='blackhole', 'topics'='s', "
                                     "'errors.deadletterqueue.topic.name'=%s);\n" % text(n) + ROW,
    'a path of a file sink': lambda n: SOURCE + "CREATE SINK CONNECTOR c WITH ('connector'='file', 'topics'='s', 'path'=%s, "
                                       "'base.dir'='out');\n" % text(n) + ROW,
    'a property': lambda n: "SET %s='1';\n" % text(n) + SOURCE,
    'a variable': lambda n: "DEFINE v = %s;\nCREATE STREAM t " % text(n) + COLUMNS % "'${v}'",
}


IN_FILES = ('a topic', 'a connector', 'a path of a file sink') # what they name may become files


def seen(folder):
    """Everything there is, apart from what may be changed."""
    found = []
    for where, _, names in os.walk(folder):
        rest = os.path.relpath(where, folder)
        if rest.split(os.sep)[:2] not in (['in', 'data'], ['in', 'out']):
            found += [os.path.join(rest, n) for n in names]
    return sorted(found)


def name_in(place):
    def call():
        for name in NAMES if place in IN_FILES else NAMES[:4]:
            with tempfile.TemporaryDirectory() as outer:
                folder = os.path.join(outer, 'in')
                os.makedirs(os.path.join(folder, 'out'))
                write(outer, 'b', 'mine')
                write(folder, 'q.sql', PLACES[place](name).encode('utf-8', 'surrogatepass') + b'LIST TOPICS; LIST STREAMS;\n')
                before = seen(outer)
                done = weir(['run', '--until-idle', '--data-dir', 'data', 'q.sql'], folder=folder)
                problem = done.trouble()
                if not problem and done.status not in (0, 1):
                    problem = 'status %d' % done.status
                if not problem and seen(outer) != before:
                    problem = 'files: %s' % sorted(set(seen(outer)) ^ set(before))
                if not problem and len(done.stderr) > 16000:
                    problem = '%d bytes of message' % len(done.stderr)
                if problem:
                    return '%r: %s\n%s' % (name[:50], problem, done.stderr[:500])
        return None
    return call


def bundle_names():
    """A bundle's name is letters, digits, '.', '_' and '-': all else is refused before anything is written."""
    for name in NAMES:
        if name in ('CON', '-rf'):     # letters and dashes mean nothing here
            continue
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, 'b'))
            escaped = ''.join('\\x%02x' % ord(c) if ord(c) < 32 or c in '"\\' else c for c in name)
            write(os.path.join(folder, 'b'), 'bundle.yaml', ('name: "%s"\nversion: 1.0.0\n' % escaped).encode('utf-8', 'surrogatepass'))
            write(os.path.join(folder, 'b'), '10.sql', SOURCE)
            for command in ('plan', 'apply'):
                done = weir([command, 'b', '--data-dir', 'data'], folder=folder)
                if done.trouble() or done.status not in (1, 2) or 'bundle.yaml' not in done.stderr:
                    return '%s %r: %s' % (command, name[:50], done.trouble() or (done.status, done.stderr[:500]))
    return None


def many_joins(n):
    return SOURCE + 'CREATE STREAM o AS SELECT s.k FROM s ' + ' '.join(
        'JOIN s a%d WITHIN 1 HOUR ON s.k = a%d.k' % (i, i) for i in range(n)) + ';\n'


def many_columns(n):
    return 'CREATE STREAM t (k STRING KEY, %s) WITH (kafka_topic=\'t\', value_format=\'JSON\', partitions=1);\n' % ', '.join(
        'c%d INT' % i for i in range(n))


def large(make, expected):
    """An error that says what is too much (expected: part of it), or none; never a crash."""
    def call():
        with tempfile.TemporaryDirectory() as folder:
            write(folder, 'q.sql', make())
            for command in (['check', 'q.sql'], ['run', '--until-idle', 'q.sql']):
                done = weir(command, folder=folder)
                said = done.stderr + done.stdout
                if done.trouble() or (expected and (done.status != 1 or expected not in said)) or len(said) > 20000:
                    return '%s: %s' % (command[0], done.trouble() or (done.status, said[:800]))
        return None
    return call


def computed(expressions, value, n=2147483647):
    """Results that cannot be: NULL, and the record goes on."""
    def call():
        with tempfile.TemporaryDirectory() as folder:
            write(folder, 'q.sql', "CREATE STREAM s (k STRING KEY, t STRING, n INT, b BIGINT, d DOUBLE) WITH (kafka_topic='s', "
                  "value_format='JSON', partitions=1);\nCREATE STREAM o WITH (kafka_topic='o') AS SELECT k, %s FROM s;\n" %
                  ', '.join('%s AS x%d' % (e, i) for i, e in enumerate(expressions)))
            write(folder, 'in', '{"key":"a","value":{"t":"%s","n":%d,"b":9223372036854775807,"d":0},"timestamp":1}\n' % (value, n))
            done = weir(['run', '--until-idle', '--input', 's=in', '--output', 'o=out', 'q.sql'], folder=folder)
            if done.trouble() or done.status != 0:
                return done.trouble() or done.stderr
            found = lines(os.path.join(folder, 'out'))
            return None if len(found) == 1 else 'records: %s' % found
    return call


BOMBS = ["REGEXP_EXTRACT('^(a+)+$', t)", "REGEXP_REPLACE(t, '(a|aa)+$', 'x')", "REGEXP_EXTRACT('(a*)*b', t)",
         "REGEXP_SPLIT_TO_ARRAY(t, '(.*a){20}b')", "t LIKE '%a%a%a%a%a%a%a%a%a%a%a%a%a%b'"]
NUMBERS = ['n / 0', 'b / 0', 'd / 0', 'n % 0', 'n + 1', 'b + 1', 'b * b', '-b - 2', 'ABS(-b - 1)', 'CAST(b AS INT)', 'n / (n - n)',
           'CAST(d / d AS BIGINT)', 'POWER(b, b)', 'EXP(b)', 'ROUND(d / 0, 400)']

TESTS = [('names as ' + place, name_in(place)) for place in PLACES] + [
    ('names of bundles', bundle_names),
    ('thousands of joins', large(lambda: many_joins(5000), 'q.sql')),
    ('a hundred thousand columns', large(lambda: many_columns(100000), 'q.sql')),
    ('a statement of a megabyte', large(lambda: SOURCE + "CREATE STREAM o AS SELECT k, '" + "x''" * 350000 + "' AS t FROM s;\n", None)),
    ('patterns that take for ever', computed(BOMBS, 'a' * 5000 + 'c')),
    ('numbers that do not fit', computed(NUMBERS, 'x')),
]
