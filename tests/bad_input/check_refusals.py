"""Statements, files and options that are refused: one clear line, the right exit status, data intact."""
import os
import signal
import subprocess
import tempfile

from weir import WEIR, SECONDS, Done, lines, weir, write

SOURCE = "CREATE STREAM s (k STRING KEY, v INT) WITH (kafka_topic='s', value_format='JSON');\n"
QUERY = SOURCE + "CREATE TABLE out AS SELECT k, SUM(v) AS s FROM s GROUP BY k;\n"
RECORD = '{"key":"a","value":{"v":1},"timestamp":1}\n'
RUN = ['run', '--until-idle', '--input', 's=in', '--output', 'OUT=out', 'q.sql']


def refused(arguments, status, text, files=None):
    """One line on standard error that holds the text, and this exit status."""
    def call():
        with tempfile.TemporaryDirectory() as folder:
            for name, content in dict({'q.sql': QUERY, 'in': RECORD}, **(files or {})).items():
                write(folder, name, content)
            done = weir(arguments, folder=folder)
            return done.trouble() or told(done, status, text)
    return call


def told(done, status, text):
    said = done.stderr.rstrip('\n')
    if done.status != status or text not in said or said.count('\n') > (0 if status == 1 else 2):
        return 'expected status %d and one line with "%s", got %d\n%s' % (status, text, done.status, said[:1000])
    return None


def statement(text, expected):
    """A text that is refused with its place; or, without `expected`, anything but a crash."""
    def call():
        with tempfile.TemporaryDirectory() as folder:
            write(folder, 'q.sql', text() if callable(text) else text)
            for command in (['check', 'q.sql'], ['run', '--until-idle', 'q.sql']):
                done = weir(command, folder=folder)
                if done.trouble():
                    return done.trouble()
                if expected and (done.status != 1 or expected not in done.stderr + done.stdout):
                    return '%s: status %d\n%s' % (command[0], done.status, (done.stderr + done.stdout)[:800])
                if len(done.stderr) + len(done.stdout) > 20000:
                    return '%s: %d bytes of message' % (command[0], len(done.stderr) + len(done.stdout))
            return None
    return call


def second_process():
    """The data directory is taken: told at once; the first process goes on and its data is whole."""
    with tempfile.TemporaryDirectory() as folder:
        write(folder, 'q.sql', QUERY)
        write(folder, 'in', RECORD)
        first = subprocess.Popen([WEIR, 'run', '--data-dir', 'data', '--input', 's=-', '--output', 's=-',
                                  '--set', 'commit.interval.ms=1', 'q.sql'], cwd=folder, stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            first.stdin.write(RECORD.encode())
            first.stdin.flush()
            first.stdout.readline()
            done = weir(['run', '--data-dir', 'data'] + RUN[1:], folder=folder)
            problem = done.trouble() or told(done, 1, 'data')
            first.stdin.write(RECORD.encode())
            first.stdin.flush()
            first.stdout.readline()
        finally:
            first.send_signal(signal.SIGINT)
            _, stderr = first.communicate(timeout=SECONDS)
        ended = Done(first.returncode, '', stderr.decode('utf-8', 'replace'))
        if problem or ended.trouble() or ended.status != 130:
            return problem or ended.trouble() or 'the first one ended with %d: %s' % (ended.status, ended.stderr)
        done = weir(['run', '--data-dir', 'data'] + RUN[1:], folder=folder)
        sums = [r['value']['S'] for r in lines(os.path.join(folder, 'out'))] if done.status == 0 else []
        return None if sums[-1:] == [3] else 'afterwards: %s %s' % (sums, done.stderr)


def damaged_directory():
    """A data directory that was cut off, or is of something else: an error, never a crash."""
    problems = []
    for damage in ('cut', 'garbage', 'gone'):
        with tempfile.TemporaryDirectory() as folder:
            write(folder, 'q.sql', QUERY)
            write(folder, 'in', RECORD)
            weir(['run', '--data-dir', 'data'] + RUN[1:], folder=folder)
            for root, _, names in os.walk(os.path.join(folder, 'data')):
                for name in names:
                    path = os.path.join(root, name)
                    if damage == 'gone' and 'MANIFEST' in name:
                        os.unlink(path)
                    elif damage == 'cut' and os.path.getsize(path) > 100:
                        os.truncate(path, os.path.getsize(path) // 2)
                    elif damage == 'garbage' and ('MANIFEST' in name or 'CURRENT' in name):
                        with open(path, 'wb') as f:
                            f.write(os.urandom(200))
            done = weir(['run', '--data-dir', 'data'] + RUN[1:], folder=folder)
            if done.trouble() or done.status not in (0, 1):
                problems.append('%s: %s' % (damage, done.trouble() or done.status))
    return '\n'.join(problems) or None


def replace(arguments, old, new):
    return [new if a == old else a for a in arguments]


DIR = ['--data-dir']
TESTS = [
    ('no such input file', refused(replace(RUN, 's=in', 's=nowhere'), 1, 'nowhere')),
    ('an input that is a directory', refused(replace(RUN, 's=in', 's=.'), 1, 'directory')),
    ('no such query file', refused(replace(RUN, 'q.sql', 'nowhere.sql'), 1, 'nowhere.sql')),
    ('a query file that is a directory without queries', refused(['run', '/proc/self/task'], 1, '/proc/self/task')),
    ('an output that cannot be written', refused(replace(RUN, 'OUT=out', 'OUT=no/out'), 1, 'no/out')),
    ('a full disk', refused(replace(RUN, 'OUT=out', 'OUT=/dev/full'), 1, 'No space left')),
    ('an output topic that does not exist', refused(replace(RUN, 'OUT=out', 'OUTT=out'), 1, 'OUTT')),
    ('a report that cannot be written', refused(RUN + ['--report', 'no/report'], 1, 'no/report')),
    ('a log that cannot be written', refused(RUN + ['--processing-log', 'no/log'], 1, 'no/log')),
    ('a data directory that is a file', refused(RUN + DIR + ['in'], 2, 'in')),
    ('a data directory that cannot be made', refused(RUN + DIR + ['/proc/nowhere'], 1, '/proc/nowhere')),
    ('a second process on a data directory', second_process),
    ('a damaged data directory', damaged_directory),
    ('an unknown property', refused(RUN + ['--set', 'auto.ofset.reset=earliest'], 2, 'auto.ofset.reset')),
    ('a property without a value', refused(RUN + ['--set', 'auto.offset.reset'], 2, '--set')),
    ('an unknown option', refused(RUN + ['--untill-idle'], 2, '--untill-idle')),
    ('an option without a value', refused(RUN + ['--report'], 2, '--report')),
    ('a count out of range', refused(RUN + ['--workers', '0'], 2, '--workers')),
    ('a count that is none', refused(RUN + ['--batch-rows', 'many'], 2, '--batch-rows')),
    ('an unknown command', refused(['runn', 'q.sql'], 2, 'runn')),
    ('an input without a topic', refused(replace(RUN, 's=in', 'in'), 2, '--input')),
    ('a line that is not JSON', refused(RUN, 1, 'in:2:', {'in': RECORD + 'x\n'})),
    ('a line that is cut off', refused(RUN, 1, 'in:2:', {'in': RECORD + '{"key":"a","va'})),
    ('a line with an unknown field', refused(RUN, 1, 'valeu', {'in': '{"key":"a","valeu":{}}\n'})),
    ('a line with value and raw', refused(RUN, 1, 'raw', {'in': '{"value":{},"raw":"x"}\n'})),
    ('a line with a timestamp of text', refused(RUN, 1, 'timestamp', {'in': '{"value":{},"timestamp":"x"}\n'})),
    ('a line with a negative timestamp', refused(RUN, 1, 'timestamp', {'in': '{"value":{},"timestamp":-1}\n'})),
    ('a line of a partition that is not there', refused(RUN, 1, 'partition', {'in': '{"value":{},"partition":7}\n'})),
    ('a line that is not UTF-8', refused(RUN, 1, 'in:1:', {'in': b'{"key":"\xff"}\n'})),
    ('a line that is nested deeply', refused(RUN, 1, 'in:1:', {'in': '{"value":' + '[' * 300000 + '\n'})),
    ('statements of nothing', statement('', None)),
    ('a NUL in a statement', statement("CREATE STREAM s (k INT\0 KEY) WITH (kafka_topic='s', format='JSON');", 'q.sql:1:')),
    ('a statement that is not UTF-8', statement(b"CREATE STREAM s\xff (k INT KEY) WITH (format='JSON');", 'q.sql:1:')),
    ('a string that does not end', statement("CREATE STREAM s (k INT KEY) WITH (kafka_topic='s;", 'q.sql:1:')),
    ('a comment that does not end', statement('/* ' + SOURCE, 'q.sql:1:')),
    ('deep parentheses', statement(SOURCE + 'CREATE STREAM o AS SELECT k, ' + '(' * 50000 + 'v' + ')' * 50000 + ' AS v FROM s;',
                                   'q.sql:2:')),
    ('deep parentheses that do not close', statement(SOURCE + 'CREATE STREAM o AS SELECT k, ' + '(' * 50000, 'q.sql:2:')),
    ('deep NOT', statement(SOURCE + 'CREATE STREAM o AS SELECT k, ' + 'NOT ' * 50000 + 'TRUE AS v FROM s;', 'q.sql:2:')),
    ('deep CASE', statement(SOURCE + 'CREATE STREAM o AS SELECT k, ' + 'CASE WHEN TRUE THEN ' * 5000 + '1' + ' END' * 5000 +
                            ' AS v FROM s;', 'q.sql:2:')),
    ('deep types', statement('CREATE STREAM s (k INT KEY, v ' + 'ARRAY<' * 50000 + 'INT' + '>' * 50000 +
                             ") WITH (kafka_topic='s', format='JSON');", 'q.sql:1:')),
    ('deep calls', statement(SOURCE + 'CREATE STREAM o AS SELECT k, ' + 'ABS(' * 20000 + 'v' + ')' * 20000 + ' AS v FROM s;',
                             'q.sql:2:')),
    ('a long sum', statement(SOURCE + 'CREATE STREAM o AS SELECT k, ' + ' + '.join(['v'] * 20000) + ' AS v FROM s;', None)),
    ('many columns', statement(SOURCE + 'CREATE STREAM o AS SELECT k, ' + ', '.join('v + %d AS c%d' % (i, i) for i in range(20000)) +
                               ' FROM s;', None)),
    ('many alternatives', statement(SOURCE + 'CREATE STREAM o AS SELECT k, v FROM s WHERE ' +
                                    ' OR '.join('v = %d' % i for i in range(5000)) + ';', None)),
    ('a long list', statement(SOURCE + 'CREATE STREAM o AS SELECT k, v FROM s WHERE v IN (' + ', '.join('1' * 50000) + ');', None)),
    ('a huge name', statement('CREATE STREAM ' + 'a' * 1000000 + " (k INT KEY) WITH (kafka_topic='s', format='JSON');", None)),
    ('a huge number', statement(SOURCE + 'CREATE STREAM o AS SELECT k, ' + '9' * 100000 + ' AS v FROM s;', 'q.sql:2:')),
    ('a huge string', statement(SOURCE + "CREATE STREAM o AS SELECT k, '" + 'x' * 900000 + "' AS v FROM s;", None)),
    ('a huge text', statement(lambda: SOURCE * 400000, 'q.sql')),
    ('a variable that names itself', statement("DEFINE a = '${a}${a}'; DEFINE b = '${a}'; SELECT ${b};", None)),
    ('variables that grow', statement(''.join("DEFINE v%d = '%s';\n" % (i + 1, '${v%d}' % i * 10) for i in range(12)) + 'SELECT ${v12};',
                                      None)),
]
