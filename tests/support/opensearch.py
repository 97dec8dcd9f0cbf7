"""A real OpenSearch for tests: one node for all of a process, started by whoever needs it first.

    node = opensearch.node()                # ends with this process; Unavailable where there can be none
    node.ask('PUT', '/_index_template/t', {...})            # (status, JSON)
    node.documents('orders-*')              # {(index, id): source}, of everything that was written
    node.hits('orders')                     # the same as a list, with _version and _routing

Standard library only; tools/services/opensearch is what starts and stops.
"""
import atexit
import http.client
import json
import os
import shutil
import subprocess
import tempfile
import threading

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../tools/services/opensearch')
CANNOT_HAVE = 77
SECONDS = 60
PAGE = 5000


class Unavailable(Exception):
    """OpenSearch cannot be had on this machine; the text says why."""


def script(*arguments):
    done = subprocess.run([SCRIPT] + list(arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False,
                          env=dict(os.environ, OPENSEARCH_OWNER=str(os.getpid())))
    if done.returncode == CANNOT_HAVE:
        raise Unavailable(done.stderr.strip().split('\n')[-1])
    if done.returncode:
        raise RuntimeError(done.stderr.strip() or 'tools/services/opensearch: status %d' % done.returncode)
    return done.stdout


class Node:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='weir-opensearch-')
        try:
            said = dict(word.split('=', 1) for word in script('start', self.folder).split())
        except BaseException:
            self.end()
            raise
        self.url = said['url']
        self.host = self.url.split('//')[1]

    def end(self):
        subprocess.run([SCRIPT, 'kill', self.folder], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.host, timeout=SECONDS)
        try:
            connection.request(method, path, None if body is None else json.dumps(body),
                               {'Content-Type': 'application/json'})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or 'null')
        finally:
            connection.close()

    def hits(self, index):
        """All documents; none where there is no such index."""
        self.ask('POST', '/%s/_refresh' % index)
        query = {'size': PAGE, 'version': True, 'query': {'match_all': {}}}
        _, answer = self.ask('POST', '/%s/_search?scroll=1m&ignore_unavailable=true' % index, query)
        found = []
        while answer.get('hits', {}).get('hits'):
            found += answer['hits']['hits']
            _, answer = self.ask('POST', '/_search/scroll', {'scroll': '1m', 'scroll_id': answer['_scroll_id']})
        return found

    def documents(self, index):
        return {(h['_index'], h['_id']): h['_source'] for h in self.hits(index)}


_lock = threading.Lock()
_node = None
_reason = None


def node():
    global _node, _reason
    with _lock:
        if _reason is not None:
            raise Unavailable(_reason)
        if _node is None:
            try:
                _node = Node()
            except Unavailable as e:
                _reason = str(e)
                raise
            atexit.register(_node.end)
        return _node
