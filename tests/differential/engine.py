"""The binary over generated records, and the order in which it takes them."""
import json
import os
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
WEIR = os.path.abspath(os.environ.get('WEIR', os.path.join(HERE, '../../build/dev/weir')))
SCRATCH = '/dev/shm' if os.path.isdir('/dev/shm') else None
SECONDS = 120


class Failed(Exception):
    pass


def merged(records):
    """`records`: (topic, timestamp, key, value) in the order of their files. The one with the smallest
    timestamp among the heads of the files is next; ties go to the topic that was seen first."""
    files = {}
    for record in records:
        files.setdefault(record[0], []).append(record)
    at = dict.fromkeys(files, 0)
    for _ in records:
        topic = min((t for t in files if at[t] < len(files[t])), key=lambda t: files[t][at[t]][1])
        yield files[topic][at[topic]]
        at[topic] += 1


def run(rng, sql, records, output):
    """The records of the output topic as (key, value, timestamp, window start, window end)."""
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        files = {}
        for topic, timestamp, key, value in records:
            files.setdefault(topic, []).append(json.dumps(
                {'key': key, 'value': value, 'timestamp': timestamp}) + '\n')
        command = [WEIR, 'run', '--until-idle', '--set', 'auto.offset.reset=earliest',
                   '--batch-rows', str(rng.choice([1, 2, 3, 7, 64, 1024])), '--workers', str(rng.choice([1, 3]))]
        for topic, lines in files.items():
            with open(os.path.join(folder, topic), 'w', encoding='utf-8') as f:
                f.writelines(lines)
            command += ['--input', '%s=%s' % (topic, os.path.join(folder, topic))]
        if rng.random() < 0.3:
            command += ['--data-dir', os.path.join(folder, 'data')]
        with open(os.path.join(folder, 'q.sql'), 'w', encoding='utf-8') as f:
            f.write(sql)
        command += ['--output', '%s=%s' % (output, os.path.join(folder, 'out')), os.path.join(folder, 'q.sql')]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=SECONDS)
        if done.returncode != 0:
            raise Failed('exit status %d\n%s' % (done.returncode, done.stderr.decode('utf-8', 'replace')[-3000:]))
        rows = []
        with open(os.path.join(folder, 'out'), encoding='utf-8') as f:
            for line in f:
                r = json.loads(line)
                w = r.get('window') or {}
                rows.append((r['key'], r['value'], r['timestamp'], w.get('start'), w.get('end')))
        return rows


def compare(expected, actual, records):
    """Both are lists of records; the first difference, with what was read around it."""
    for at in range(max(len(expected), len(actual))):
        e = expected[at] if at < len(expected) else None
        a = actual[at] if at < len(actual) else None
        if e != a:
            raise Failed('record %d of %d (expected %d)\n  expected %s\n  got      %s\n  before   %s\n  input\n    %s' % (
                at, len(actual), len(expected), e, a, actual[max(0, at - 3):at],
                '\n    '.join(map(str, list(merged(records))[:400] if len(records) < 60 else ['…']))))
