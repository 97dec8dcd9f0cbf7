"""Golden cases: their text, their comparison, how they are rewritten."""
import json
import os
import re
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
WEIR = os.path.abspath(os.environ.get('WEIR', os.path.join(HERE, '../../build/dev/weir')))
SECONDS = 60
SCRATCH = '/dev/shm' if os.path.isdir('/dev/shm') else None  # syncs cost nothing there
SETTINGS = ['--set', 'auto.offset.reset=earliest']


class Case:
    """One case: `text` is the file with everything else blanked, so that line numbers stay."""

    def __init__(self, path, name, lines, own):
        self.path = path
        self.name = name
        self.title = '%s: %s' % (os.path.basename(path), name)
        self.own = own                   # line numbers, from 0
        self.inputs = []                 # (topic, timestamp, JSON line)
        self.expected = {}               # topic → records
        self.errors = []
        self.report = []                 # (path, value)
        text = []
        for number, line in enumerate(lines):
            text.append(line if number in own else '')
            if number in own and line.startswith('--'):
                try:
                    self.directive(line)
                except ValueError as e:
                    raise SystemExit('%s:%d: %s' % (path, number + 1, e))
        self.text = '\n'.join(text) + '\n'
        if not (self.expected or self.errors or self.report):
            raise SystemExit('%s: %s expects nothing' % (path, name))
        for at, (topic, _, _) in enumerate(merged(self.inputs)):
            if topic != self.inputs[at][0]:
                raise SystemExit('%s: %s: record %d is not the next one to be taken'
                                 % (path, name, at + 1))

    def directive(self, line):
        mark, rest = line[:3], line[3:].strip()
        if mark == '-->':
            m = re.fullmatch(r'(\S+) @(-?\d+) (\{.*\})', rest)
            if not m:
                raise ValueError('--> topic @timestamp {"key":…,"value":…}')
            fields = m.group(3)[1:]
            comma = '' if fields.strip() == '}' else ','
            self.inputs.append((m.group(1), int(m.group(2)),
                                '{"timestamp":%s%s%s' % (m.group(2), comma, fields)))
        elif mark == '--<':
            topic, _, record = rest.partition(' ')
            records = self.expected.setdefault(topic, [])
            if record:
                records.append(canonical(record))
        elif mark == '--!':
            self.errors.append(rest)
        elif mark == '--=':
            path, value = rest.split()
            self.report.append((path, int(value)))

    def topics(self):
        """Input topics in the order of their first records."""
        return list(dict.fromkeys(topic for topic, _, _ in self.inputs))

    def inserts(self):
        return re.search(r'^\s*INSERT\s+INTO\s+\S+\s*(\([^)]*\))?\s*VALUES', self.text, re.I | re.M)


def merged(inputs):
    """The order in which a run takes them: the smallest timestamp among the heads of the files."""
    files = {}
    for record in inputs:
        files.setdefault(record[0], []).append(record)
    at = dict.fromkeys(files, 0)
    order = []
    while len(order) < len(inputs):
        topic = min((t for t in files if at[t] < len(files[t])), key=lambda t: files[t][at[t]][1])
        order.append(files[topic][at[topic]])
        at[topic] += 1
    return order


def canonical(text):
    """A record without partition 0. Numbers that are not integers keep their digits."""
    record = json.loads(text, parse_float=lambda s: {'number': s})
    if record.get('partition') == 0:
        del record['partition']
    return record


def by_partition(records, and_key=False):
    parts = {}
    for record in records:
        part = record.get('partition', 0), json.dumps(record['key']) if and_key else None
        parts.setdefault(part, []).append(record)
    return parts


def read(path):
    with open(path, encoding='utf-8') as f:
        lines = f.read().split('\n')[:-1]
    starts = [i for i, line in enumerate(lines) if line.startswith('--@test:')]
    if not starts:
        raise SystemExit('%s: no --@test:' % path)
    common = set(range(starts[0]))
    cases = []
    for start, end in zip(starts, starts[1:] + [len(lines)]):
        name = lines[start][len('--@test:'):].strip()
        cases.append(Case(path, name, lines, common | set(range(start, end))))
    return cases


class Run:
    """What one process left: status, standard error, records (as text) by topic, report."""

    def __init__(self, case, folder, inputs, arguments=(), binary=WEIR):
        sql = os.path.join(folder, os.path.basename(case.path))
        with open(sql, 'w', encoding='utf-8') as f:
            f.write(case.text)
        report = os.path.join(folder, 'report')
        command = [binary, 'run', '--until-idle', '--report', report,
                   '--processing-log', os.path.join(folder, 'log')] + SETTINGS + list(arguments)
        for topic in case.topics():
            name = os.path.join(folder, 'in-' + topic)
            with open(name, 'w', encoding='utf-8') as f:
                f.writelines(line + '\n' for t, _, line in inputs if t == topic)
            command += ['--input', '%s=%s' % (topic, name)]
        outputs = {} if case.errors else {t: os.path.join(folder, 'out-' + t) for t in case.expected}
        for topic, name in outputs.items():
            command += ['--output', '%s=%s' % (topic, name)]
        try:
            done = subprocess.run(command + [sql], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  timeout=SECONDS)
            self.status, self.stderr = done.returncode, done.stderr.decode('utf-8', 'replace')
        except subprocess.TimeoutExpired:
            self.status, self.stderr = -1, 'no end after %d s' % SECONDS
        self.stderr = self.stderr.replace(folder + '/', '')
        self.records, self.report = {}, {}
        if self.status == 0:
            for topic, name in outputs.items():
                with open(name, encoding='utf-8') as f:
                    self.records[topic] = f.read().split('\n')[:-1]
            with open(report, encoding='utf-8') as f:
                self.report = json.load(f)

    def number(self, path):
        at = self.report
        for step in path.split('.'):
            at = at.get(step, {}) if isinstance(at, dict) else {}
        return at if isinstance(at, int) else 0


def difference(case, run, earlier=None, live=False):
    """None, or what is wrong with the run. `earlier`: the run of the same data before it. `live`: where
    several partitions meet, only the order of a key is certain."""
    if case.errors:
        missing = [e for e in case.errors if e not in run.stderr]
        if run.status != 1 or missing:
            return 'expected to fail with\n    %s\nexit status %d\n%s' % (
                '\n    '.join(missing or case.errors), run.status, run.stderr)
        return None
    if run.status != 0:
        return 'exit status %d\n%s' % (run.status, run.stderr)
    for topic, expected in case.expected.items():
        actual = [canonical(line) for line in run.records[topic]]
        by_key = live and any('partition' in record for record in expected)
        if by_partition(actual, by_key) != by_partition(expected, by_key):
            return '%s:\n  expected\n%s\n  got\n%s' % (topic, shown(expected, actual),
                                                      shown(actual, expected))
    for path, value in case.report:
        number = run.number(path) + (earlier.number(path) if earlier else 0)
        if number != value:
            return 'report: %s is %d, not %d' % (path, number, value)
    return None


def shown(records, others):
    lines = []
    for at, record in enumerate(records):
        same = at < len(others) and others[at] == record
        text = json.dumps(record, ensure_ascii=False, separators=(',', ':'))
        text = re.sub(r'\{"number":"([^"]*)"\}', r'\1', text)
        lines.append('  %s %s' % (' ' if same else '*', text))
    return '\n'.join(lines[:40]) or '    nothing'


def update(cases):
    """Rewrites the expectations of the files with what comes out in a plain run."""
    changes = {}
    for case in cases:
        with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
            run = Run(case, folder, case.inputs, ['--batch-rows', '1'])
        if run.status != (1 if case.errors else 0):
            print('%s: exit status %d\n%s' % (case.title, run.status, run.stderr))
        elif difference(case, run) is not None:
            changes.setdefault(case.path, []).append((case, run))
    for path, runs in changes.items():
        with open(path, encoding='utf-8') as f:
            lines = f.read().split('\n')
        for case, run in reversed(runs):
            lines = rewritten(lines, case, run)
            print('updated %s' % case.title)
        with open(path, 'w', encoding='utf-8') as f:
            f.write('\n'.join(lines))


def rewritten(lines, case, run):
    marks = ('--!',) if case.errors else ('--<', '--=')
    old = sorted(i for i in case.own if lines[i].startswith(marks))
    new = []
    if case.errors:
        first = run.stderr.split('\n')[0]
        new.append('--! ' + re.sub(r'^.*?\.sql:\d+:\d+: (error: )?', '', first))
    for topic, records in run.records.items():
        new += ['--< %s %s' % (topic, r.replace(',"partition":0', '')) for r in records]
        new += [] if records else ['--< ' + topic]
    new += ['--= %s %d' % (path, run.number(path)) for path, _ in case.report]
    return lines[:old[0]] + new + [line for i, line in enumerate(lines) if i > old[0] and i not in old]
