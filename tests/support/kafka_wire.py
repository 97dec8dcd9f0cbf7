"""Kafka's protocol as far as tests need it: one table of messages, and connections.

A message is described by letters of `struct` for numbers, 's' for a string or None, 'y' for bytes or
None, [x] for an array of x (or None), (a, b, …) for fields in order. Only versions before the compact
encoding are used; all are the oldest, or nearly so, that Kafka 4 knows.
"""
import socket
import struct

SECONDS = 60

# name: (key, version, request, response)
API = {
    'Produce': (0, 7, ('s', 'h', 'i', [('s', [('i', 'y')])]),
                ([('s', [('i', 'h', 'q', 'q', 'q')])], 'i')),
    'Fetch': (1, 10, ('i', 'i', 'i', 'i', 'b', 'i', 'i', [('s', [('i', 'i', 'q', 'q', 'i')])], ['i']),
              ('i', 'h', 'i', [('s', [('i', 'h', 'q', 'q', 'q', [('q', 'q')], 'y')])])),
    'ListOffsets': (2, 2, ('i', 'b', [('s', [('i', 'q')])]), ('i', [('s', [('i', 'h', 'q', 'q')])])),
    'Metadata': (3, 4, (['s'], '?'), ('i', [('i', 's', 'i', 's')], 's', 'i',
                                      [('h', 's', '?', [('h', 'i', 'i', ['i'], ['i'])])])),
    'OffsetFetch': (9, 2, ('s', [('s', ['i'])]), ([('s', [('i', 'q', 's', 'h')])], 'h')),
    'FindCoordinator': (10, 1, ('s', 'b'), ('i', 'h', 's', 'i', 's', 'i')),
    'SaslHandshake': (17, 1, ('s',), ('h', ['s'])),
    'CreateTopics': (19, 4, ([('s', 'i', 'h', [('i', ['i'])], [('s', 's')])], 'i', '?'),
                     ('i', [('s', 'h', 's')])),
    'DeleteTopics': (20, 1, (['s'], 'i'), ('i', [('s', 'h')])),
    'DeleteRecords': (21, 0, ([('s', [('i', 'q')])], 'i'), ('i', [('s', [('i', 'q', 'h')])])),
    'InitProducerId': (22, 0, ('s', 'i'), ('i', 'h', 'q', 'h')),
    'AddPartitionsToTxn': (24, 0, ('s', 'q', 'h', [('s', ['i'])]), ('i', [('s', [('i', 'h')])])),
    'EndTxn': (26, 0, ('s', 'q', 'h', '?'), ('i', 'h')),
    'CreateAcls': (30, 1, ([('b', 's', 'b', 's', 's', 'b', 'b')],), ('i', [('h', 's')])),
    'DescribeConfigs': (32, 1, ([('b', 's', ['s'])], '?'),
                        ('i', [('h', 's', 'b', 's', [('s', 's', '?', 'b', '?', [('s', 's', 'b')])])])),
    'SaslAuthenticate': (36, 0, ('y',), ('h', 's', 'y')),
    'CreatePartitions': (37, 0, ([('s', 'i', [['i']])], 'i', '?'), ('i', [('s', 'h', 's')])),
}

# Errors that go away by themselves: of the network, elections, coordinators that load, topics that
# not every node has heard of
RETRIABLE = {3, 5, 6, 7, 8, 13, 14, 15, 16, 19, 20, 41, 51}
NAMES = {
    1: 'OFFSET_OUT_OF_RANGE', 3: 'UNKNOWN_TOPIC_OR_PARTITION', 5: 'LEADER_NOT_AVAILABLE',
    6: 'NOT_LEADER_OR_FOLLOWER', 7: 'REQUEST_TIMED_OUT', 10: 'MESSAGE_TOO_LARGE',
    14: 'COORDINATOR_LOAD_IN_PROGRESS', 15: 'COORDINATOR_NOT_AVAILABLE', 16: 'NOT_COORDINATOR',
    17: 'INVALID_TOPIC', 19: 'NOT_ENOUGH_REPLICAS', 20: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
    29: 'TOPIC_AUTHORIZATION_FAILED', 30: 'GROUP_AUTHORIZATION_FAILED',
    31: 'CLUSTER_AUTHORIZATION_FAILED', 36: 'TOPIC_ALREADY_EXISTS', 37: 'INVALID_PARTITIONS',
    38: 'INVALID_REPLICATION_FACTOR', 40: 'INVALID_CONFIG', 45: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
    46: 'DUPLICATE_SEQUENCE_NUMBER', 47: 'INVALID_PRODUCER_EPOCH', 48: 'INVALID_TXN_STATE',
    51: 'CONCURRENT_TRANSACTIONS', 53: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    58: 'SASL_AUTHENTICATION_FAILED', 87: 'INVALID_RECORD', 90: 'PRODUCER_FENCED',
}


class KafkaError(Exception):
    def __init__(self, code, what):
        self.code = code
        self.name = NAMES.get(code, str(code))
        super().__init__('%s: %s' % (what, self.name))


def encode(schema, value):
    if isinstance(schema, tuple):
        assert len(schema) == len(value), (schema, value)
        return b''.join(encode(s, v) for s, v in zip(schema, value))
    if isinstance(schema, list):
        if value is None:
            return struct.pack('>i', -1)
        return struct.pack('>i', len(value)) + b''.join(encode(schema[0], v) for v in value)
    if schema == 's':
        if value is None:
            return struct.pack('>h', -1)
        data = value.encode()
        return struct.pack('>h', len(data)) + data
    if schema == 'y':
        return struct.pack('>i', -1) if value is None else struct.pack('>i', len(value)) + value
    return struct.pack('>' + schema, value)


def decode(schema, data, at):
    """The value and where it ends."""
    if isinstance(schema, tuple):
        fields = []
        for s in schema:
            value, at = decode(s, data, at)
            fields.append(value)
        return tuple(fields), at
    if schema in ('s', 'y') or isinstance(schema, list):
        size_of = '>h' if schema == 's' else '>i'
        (size,) = struct.unpack_from(size_of, data, at)
        at += struct.calcsize(size_of)
        if isinstance(schema, list):
            items = []
            for _ in range(size):
                value, at = decode(schema[0], data, at)
                items.append(value)
            return (None if size < 0 else items), at
        if size < 0:
            return None, at
        value = data[at:at + size]
        return (value.decode() if schema == 's' else value), at + size
    (value,) = struct.unpack_from('>' + schema, data, at)
    return value, at + struct.calcsize('>' + schema)


class Connection:
    """One request at a time. An OSError means that it is of no more use."""

    def __init__(self, address, user=None, password=None):
        host, port = address.rsplit(':', 1)
        self.socket = socket.create_connection((host, int(port)), SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.number = 0
        if user is not None:
            self.login(user, password)

    def login(self, user, password):
        code, _ = self.call('SaslHandshake', 'PLAIN')
        if not code:
            code, _, _ = self.call('SaslAuthenticate', ('\0%s\0%s' % (user, password)).encode())
        if code:
            self.close()
            raise KafkaError(code, 'user %s' % user)

    def call(self, name, *fields):
        key, version, request, response = API[name]
        self.number += 1
        message = struct.pack('>hhi', key, version, self.number) + encode('s', 'tests')
        message += encode(request, fields)
        self.socket.sendall(struct.pack('>i', len(message)) + message)
        (size,) = struct.unpack('>i', self.read(4))
        answer = self.read(size)
        value, end = decode(response, answer, 4)
        assert struct.unpack_from('>i', answer)[0] == self.number and end == size, name
        return value

    def read(self, size):
        data = bytearray()
        while len(data) < size:
            part = self.socket.recv(min(size - len(data), 1 << 20))
            if not part:
                raise ConnectionError('the broker closed the connection')
            data += part
        return bytes(data)

    def close(self):
        self.socket.close()
