"""The table of records.py, run; and records that are large or deep."""
import base64
import json
import os
import tempfile

from records import EITHER, NO_VALUE, NOT_UTF8, SKIPPED, TABLE
from weir import lines, weir, write

MARK = 'do-not-log-this'


def number(text):
    return json.loads(text, parse_float=lambda s: {'number': s})


def table_row(row):
    """Every raw value stands between two good ones; the good ones must come out."""
    formats, column, pairs = row
    good = next((raw, v) for raw, v in pairs if v not in (SKIPPED, NO_VALUE, EITHER))
    records = [good]
    for pair in pairs:
        records += [pair, good]
    with tempfile.TemporaryDirectory() as folder:
        write(folder, 'q.sql', "CREATE STREAM s (k STRING KEY, v %s) WITH (kafka_topic='s', %s);\n"
              "CREATE STREAM out WITH (value_format='JSON') AS SELECT k, v, ROWOFFSET AS o FROM s;\n"
              % (column, formats))
        text = ''.join(json.dumps({'key': MARK, 'raw': raw, 'timestamp': at}) + '\n'
                       for at, (raw, _) in enumerate(records))
        write(folder, 'in', text)
        done = weir(['run', '--until-idle', '--input', 's=in', '--output', 'OUT=out', '--report', 'report',
                     '--processing-log', 'log', 'q.sql'], folder=folder)
        if done.trouble() or done.status != 0:
            return done.trouble() or 'exit status %d: %s' % (done.status, done.stderr)
        return judge(records, lines(os.path.join(folder, 'out')),
                     lines(os.path.join(folder, 'report'))[0], lines(os.path.join(folder, 'log')),
                     done.stderr)


def judge(records, out, report, log, stderr):
    got = {r['timestamp']: r for r in out}
    problems = []
    skipped = set()
    for at, (raw, expected) in enumerate(records):
        record = got.pop(at, None)
        value = SKIPPED if record is None else NO_VALUE if record['value'] is None else record['value']
        if value is SKIPPED:
            skipped.add(at)
        if expected in (SKIPPED, NO_VALUE):
            ok = value == expected
        else:
            ok = expected is EITHER or value == {'V': number(expected), 'O': at}
        if not ok:
            problems.append('%s: expected %s, got %s' % (raw[:60], expected, value))
    if report['inputs']['s']['malformed'] != len(skipped):
        problems.append('report: malformed is %d, not %d' % (report['inputs']['s']['malformed'], len(skipped)))
    told = [line.get('offset') for line in log if line.get('topic') == 's']
    if sorted(told) != sorted(skipped):
        problems.append('processing log: offsets %s instead of %s' % (told, sorted(skipped)))
    for line in log:
        if line.get('partition') != 0 or not any(line.get(k) for k in ('reason', 'message', 'error')):
            problems.append('processing log: %s' % line)
    if MARK in stderr or any(MARK in json.dumps(line) for line in log):
        problems.append('row data in the processing log')
    return '\n'.join(problems) or None


def bad_utf8():
    """Through `weir pipe`, where records are bytes. Skipped or repaired, and the next one is read."""
    problems = []
    for kind, raw in NOT_UTF8:
        good = {'JSON': b'{"v":"ok"}', 'DELIMITED': b'ok', 'KAFKA': b'ok'}[kind]
        requests = [
            {'op': 'reset'},
            {'op': 'sql', 'text': "CREATE STREAM s (k STRING KEY, v STRING) WITH (kafka_topic='s', value_format='%s', "
             "partitions=1); CREATE STREAM o WITH (value_format='JSON') AS SELECT * FROM s;" % kind},
            {'op': 'produce', 'topic': 's', 'key': None, 'value': base64.b64encode(raw).decode(), 'timestamp': 1},
            {'op': 'produce', 'topic': 's', 'key': base64.b64encode(raw).decode(),
             'value': base64.b64encode(good).decode(), 'timestamp': 2},
            {'op': 'feed', 'query': 'CSAS_O_0', 'topic': 's', 'offset': 0, 'count': 2},
            {'op': 'read', 'topic': 'O', 'from': 0},
        ]
        done = weir(['pipe'], ''.join(json.dumps(r) + '\n' for r in requests).encode())
        answers = [json.loads(line) for line in done.stdout.split('\n') if line]
        records = answers[-1].get('records') if len(answers) == len(requests) else None
        if done.trouble() or not records:
            problems.append('%s %r: %s' % (kind, raw, done.trouble() or done.stdout))
            continue
        last = base64.b64decode(records[-1]['value'])
        if last != b'{"V":"ok"}':
            problems.append('%s %r: the next record became %r' % (kind, raw, last))
        for record in records:
            try:
                base64.b64decode(record['value']).decode('utf-8')
            except UnicodeDecodeError:
                problems.append('%s %r: the result is not UTF-8' % (kind, raw))
    return '\n'.join(problems) or None


def keys():
    """Keys that cannot be read: the record is skipped, counted once when its value is bad, too. So is a
    NULL key of a table."""
    with tempfile.TemporaryDirectory() as folder:
        write(folder, 'q.sql', "CREATE TABLE t (k INT PRIMARY KEY, v INT) WITH (kafka_topic='t', format='JSON');\n"
              "CREATE TABLE out AS SELECT k, v FROM t;\n")
        bad = ['"x"', 'true', '[1]', '{"K":1}']
        text = ['{"key":%s,"value":{"v":1}}' % k for k in ('1', 'null', '"2"') + tuple(bad)]
        text.append('{"key":true,"value":[1]}')
        write(folder, 'in', ''.join(t + '\n' for t in text))
        done = weir(['run', '--until-idle', '--input', 't=in', '--output', 'OUT=out', '--report', 'report',
                     'q.sql'], folder=folder)
        if done.trouble() or done.status != 0:
            return done.trouble() or done.stderr
        out = [r['key'] for r in lines(os.path.join(folder, 'out'))]
        malformed = lines(os.path.join(folder, 'report'))[0]['inputs']['t']['malformed']
        return None if (out, malformed) == ([1, 2], 6) else 'keys %s, %d malformed' % (out, malformed)


def expression_errors():
    """Failing expressions are NULL, counted and logged without the row."""
    with tempfile.TemporaryDirectory() as folder:
        write(folder, 'q.sql', "CREATE STREAM s (k STRING KEY, a STRING, n INT) WITH (kafka_topic='s', value_format='JSON');\n"
              "CREATE STREAM out AS SELECT k, CAST(a AS INT) AS i, 1 / n AS q FROM s;\n"
              "CREATE TABLE g AS SELECT 1 / n AS q, COUNT(*) AS c FROM s GROUP BY 1 / n;\n")
        write(folder, 'in', '{"key":"%s","value":{"a":"%s","n":0}}\n{"key":"b","value":{"a":"1","n":1}}\n' % (MARK, MARK))
        done = weir(['run', '--until-idle', '--input', 's=in', '--output', 'OUT=out', '--output', 'G=g', '--report',
                     'report', '--processing-log', 'log', 'q.sql'], folder=folder)
        if done.trouble() or done.status != 0:
            return done.trouble() or done.stderr
        values = [r['value'] for r in lines(os.path.join(folder, 'out'))]
        groups = [r['key'] for r in lines(os.path.join(folder, 'g'))]
        queries = lines(os.path.join(folder, 'report'))[0]['queries']
        counts = queries['OUT']['errors'], queries['G']['errors']
        with open(os.path.join(folder, 'log'), encoding='utf-8') as f:
            log = f.read()
        if (values, groups, counts) != ([{'I': None, 'Q': None}, {'I': 1, 'Q': 1}], [1], (2, 1)):
            return 'values %s, groups %s, errors %s' % (values, groups, counts)
        return 'row data in the processing log: ' + log if MARK in log else None


def large_record():
    """A record of some MiB passes; one above the limit ends the run with its line."""
    with tempfile.TemporaryDirectory() as folder:
        write(folder, 'q.sql', "CREATE STREAM s (k STRING KEY, v STRING) WITH (kafka_topic='s', value_format='JSON');\n"
              "CREATE STREAM out AS SELECT k, LEN(v) AS n FROM s;\n")
        write(folder, 'in', '{"key":"a","value":{"v":"%s"}}\n' % ('x' * (4 << 20)))
        arguments = ['run', '--until-idle', '--input', 's=in', '--output', 'OUT=-', 'q.sql']
        done = weir(arguments, folder=folder)
        if done.trouble() or '"N":%d' % (4 << 20) not in done.stdout:
            return done.trouble() or done.stdout + done.stderr
        write(folder, 'in', '{"key":"a","value":{"v":"1"}}\n{"key":"b","value":{"v":"%s"}}\n' % ('x' * (70 << 20)))
        done = weir(arguments, folder=folder)
        told = done.status == 1 and 'in:2: ' in done.stderr and 'WEIR_RECORD_BYTES_MAX' in done.stderr
        return done.trouble() or (None if told else '%d: %s' % (done.status, done.stderr[:500]))


def patterns():
    """Regular expressions and LIKE that are slow in a backtracking engine end soon."""
    evil = [
        "REGEXP_EXTRACT('(a+)+$', v)", "REGEXP_EXTRACT('(a|aa)+$', v)", "REGEXP_REPLACE(v, '(.*a){20}', 'x')",
        "REGEXP_SPLIT_TO_ARRAY(v, '(a*)*c')", "CAST(v LIKE '%" + 'a%' * 40 + "c' AS STRING)",
        "REGEXP_EXTRACT('((((((((((a?){30})*)*)*)*)*)*)*)*)*z', v)", "REPLACE(v, 'a', v)", "REGEXP_EXTRACT('(', v)",
        "LPAD(v, 2000000000, 'abc')", "REGEXP_EXTRACT('(?<!a{1,1000})b', v)",
    ]
    problems = []
    for expression in evil:
        with tempfile.TemporaryDirectory() as folder:
            write(folder, 'q.sql', "CREATE STREAM s (k STRING KEY, v STRING) WITH (kafka_topic='s', value_format='JSON');\n"
                  "CREATE STREAM out AS SELECT k, %s AS r, 'alive' AS a FROM s;\n" % expression)
            write(folder, 'in', '{"key":"a","value":{"v":"%sb"}}\n{"key":"b","value":{"v":"b"}}\n' % ('a' * 5000))
            done = weir(['run', '--until-idle', '--input', 's=in', '--output', 'OUT=-', 'q.sql'], folder=folder)
            refused = done.status == 1 and 'q.sql:2:' in done.stderr
            if done.trouble() or not (refused or done.stdout.count('"alive"') == 2):
                problems.append('%s: %s' % (expression[:60], done.trouble() or (done.stdout + done.stderr)[:300]))
    return '\n'.join(problems) or None


TESTS = [('%s %s' % (row[0].split("'")[1], row[1]), lambda row=row: table_row(row)) for row in TABLE] + [
    ('bytes that are not UTF-8', bad_utf8),
    ('keys', keys),
    ('expressions', expression_errors),
    ('large records', large_record),
    ('evil patterns', patterns),
]
