"""Kafka's record batches (format 2): made and taken apart.

Tests use this instead of librdkafka, so that weir is not judged by the library it is built on.
Compression comes from the shared libraries that weir itself needs; they are loaded when first used.
"""
import collections
import ctypes
import struct
import zlib

# partition and offset are where it was read from; key and value are bytes or None (a tombstone)
Record = collections.namedtuple('Record', 'partition offset timestamp key value headers')
# What one batch says besides its records; control is None, 'commit' or 'abort'
Batch = collections.namedtuple('Batch', 'next_offset producer transactional control records')

HEAD = struct.Struct('>qiibIhiqqqhii')
CRC_START = 21      # the checksum covers what follows it
CODECS = {None: 0, 'gzip': 1, 'snappy': 2, 'lz4': 3, 'zstd': 4}
TIMESTAMP_IS_APPEND_TIME = 0x08
TRANSACTIONAL = 0x10
CONTROL = 0x20


def crc32c_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82f63b78 if byte & 1 else 0)
        table.append(byte)
    return table


CRC32C = crc32c_table()


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc = CRC32C[(crc ^ byte) & 0xff] ^ crc >> 8
    return crc ^ 0xffffffff


def murmur2(data):
    """The hash by which Java's producer chooses the partition of a key."""
    size = len(data)
    h = (0x9747b28c ^ size) & 0xffffffff
    whole = size & ~3
    for (k,) in struct.iter_unpack('<I', data[:whole]):
        k = k * 0x5bd1e995 & 0xffffffff
        k = (k ^ k >> 24) * 0x5bd1e995 & 0xffffffff
        h = (h * 0x5bd1e995 & 0xffffffff) ^ k
    if size > whole:
        h = (h ^ int.from_bytes(data[whole:], 'little')) * 0x5bd1e995 & 0xffffffff
    h = (h ^ h >> 13) * 0x5bd1e995 & 0xffffffff
    return h ^ h >> 15


# ---- compression

def library(name):
    return ctypes.CDLL(name)


def check(failed, codec):
    if failed:
        raise ValueError('broken %s data' % codec)


def inflate_frames(data, codec, step):
    """step(source, source_size, target, target_size) consumes and fills; sizes are in and out."""
    source = ctypes.create_string_buffer(data, len(data))
    target = ctypes.create_string_buffer(1 << 18)
    done = 0
    out = []
    while True:
        used = ctypes.c_size_t(len(data) - done)
        made = ctypes.c_size_t(len(target))
        check(step(ctypes.byref(source, done), used, target, made), codec)
        done += used.value
        out.append(target.raw[:made.value])
        if not used.value and not made.value:
            return b''.join(out)


def unlz4(data):
    lz4 = library('liblz4.so.1')
    lz4.LZ4F_decompress.restype = ctypes.c_size_t
    context = ctypes.c_void_p()
    check(lz4.LZ4F_createDecompressionContext(ctypes.byref(context), 100), 'lz4')

    def step(source, used, target, made):
        rest = lz4.LZ4F_decompress(context, target, ctypes.byref(made), source, ctypes.byref(used),
                                   None)
        return lz4.LZ4F_isError(ctypes.c_size_t(rest))
    try:
        return inflate_frames(data, 'lz4', step)
    finally:
        lz4.LZ4F_freeDecompressionContext(context)


class ZstdBuffer(ctypes.Structure):
    _fields_ = [('data', ctypes.c_void_p), ('size', ctypes.c_size_t), ('pos', ctypes.c_size_t)]


def unzstd(data):
    zstd = library('libzstd.so.1')
    zstd.ZSTD_createDStream.restype = ctypes.c_void_p
    zstd.ZSTD_decompressStream.restype = ctypes.c_size_t
    stream = ctypes.c_void_p(zstd.ZSTD_createDStream())

    def step(source, used, target, made):
        taken = ZstdBuffer(ctypes.cast(source, ctypes.c_void_p), used.value, 0)
        filled = ZstdBuffer(ctypes.cast(target, ctypes.c_void_p), made.value, 0)
        rest = zstd.ZSTD_decompressStream(stream, ctypes.byref(filled), ctypes.byref(taken))
        used.value, made.value = taken.pos, filled.pos
        return zstd.ZSTD_isError(ctypes.c_size_t(rest))
    try:
        return inflate_frames(data, 'zstd', step)
    finally:
        zstd.ZSTD_freeDStream(stream)


def unsnappy(data):
    if data.startswith(b'\x82SNAPPY\0'):     # Java's framing: blocks with their sizes
        at = 16
        out = []
        while at < len(data):
            (size,) = struct.unpack_from('>i', data, at)
            out.append(unsnappy(data[at + 4:at + 4 + size]))
            at += 4 + size
        return b''.join(out)
    snappy = library('libsnappy.so.1')
    size = ctypes.c_size_t()
    check(snappy.snappy_uncompressed_length(data, ctypes.c_size_t(len(data)), ctypes.byref(size)),
          'snappy')
    target = ctypes.create_string_buffer(size.value or 1)
    check(snappy.snappy_uncompress(data, ctypes.c_size_t(len(data)), target, ctypes.byref(size)),
          'snappy')
    return target.raw[:size.value]


def decompress(codec, data):
    if codec == 0:
        return data
    if codec == 1:
        return zlib.decompress(data, 31)
    return {2: unsnappy, 3: unlz4, 4: unzstd}[codec](data)


def compress(codec, data):
    if codec == 0:
        return data
    if codec == 1:
        gzip = zlib.compressobj(wbits=31)
        return gzip.compress(data) + gzip.flush()
    size = ctypes.c_size_t(len(data))
    target = ctypes.create_string_buffer(len(data) * 2 + 1024)
    room = ctypes.c_size_t(len(target))
    if codec == 2:
        snappy = library('libsnappy.so.1')
        check(snappy.snappy_compress(data, size, target, ctypes.byref(room)), 'snappy')
        return target.raw[:room.value]
    if codec == 3:
        lz4 = library('liblz4.so.1')
        lz4.LZ4F_compressFrame.restype = ctypes.c_size_t
        # LZ4F_preferences_t: blocks of 64 kB that stand alone, as Java reads no others
        preferences = (ctypes.c_uint32 * 14)(4, 1)
        made = ctypes.c_size_t(lz4.LZ4F_compressFrame(target, room, data, size, preferences))
        check(lz4.LZ4F_isError(made), 'lz4')
    else:
        zstd = library('libzstd.so.1')
        zstd.ZSTD_compress.restype = ctypes.c_size_t
        made = ctypes.c_size_t(zstd.ZSTD_compress(target, room, data, size, 3))
        check(zstd.ZSTD_isError(made), 'zstd')
    return target.raw[:made.value]


# ---- batches

def varint(number):
    number = (number << 1 ^ number >> 63) & 0xffffffffffffffff
    out = bytearray()
    while number > 0x7f:
        out.append(number & 0x7f | 0x80)
        number >>= 7
    out.append(number)
    return out


def field(data):
    return varint(-1) if data is None else varint(len(data)) + data


def encode(records, codec=None, producer=(-1, -1), sequence=-1, transactional=False):
    """records are (key, value, timestamp, headers), all bytes; the broker assigns the offsets."""
    first_time = records[0][2]
    body = bytearray()
    for i, (key, value, timestamp, headers) in enumerate(records):
        record = b'\0' + varint(timestamp - first_time) + varint(i) + field(key) + field(value)
        record += varint(len(headers))
        for name, content in headers:
            record += field(name) + field(content)
        body += varint(len(record)) + record
    number = CODECS[codec]
    body = compress(number, bytes(body))
    attributes = number | (TRANSACTIONAL if transactional else 0)
    head = HEAD.pack(0, HEAD.size - 12 + len(body), -1, 2, 0, attributes, len(records) - 1, first_time,
                     max(r[2] for r in records), producer[0], producer[1], sequence, len(records))
    checked = head[CRC_START:] + body
    return head[:CRC_START - 4] + struct.pack('>I', crc32c(checked)) + checked


class Cursor:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def varint(self):
        shift = number = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            number |= (byte & 0x7f) << shift
            if byte < 0x80:
                return number >> 1 ^ -(number & 1)
            shift += 7

    def field(self):
        size = self.varint()
        if size < 0:
            return None
        self.at += size
        return self.data[self.at - size:self.at]


def decode_records(partition, body, count, offset, first_time, append_time):
    cursor = Cursor(body)
    for _ in range(count):
        cursor.varint()
        cursor.at += 1
        timestamp = first_time + cursor.varint()
        place = offset + cursor.varint()
        key = cursor.field()
        value = cursor.field()
        headers = [(cursor.field().decode(), cursor.field()) for _ in range(cursor.varint())]
        yield Record(partition, place, timestamp if append_time is None else append_time, key, value,
                     headers)


def decode(partition, data):
    """The batches of a fetch; the last one may be cut short, and is left out then."""
    at = 0
    while at + HEAD.size <= len(data):
        (offset, size, _, _, _, attributes, last, first_time, max_time, producer, _, _,
         count) = HEAD.unpack_from(data, at)
        if at + 12 + size > len(data):
            return
        body = decompress(attributes & 7, data[at + HEAD.size:at + 12 + size])
        append_time = max_time if attributes & TIMESTAMP_IS_APPEND_TIME else None
        records = list(decode_records(partition, body, count, offset, first_time, append_time))
        control = None
        if attributes & CONTROL:
            control = 'commit' if struct.unpack('>hh', records[0].key)[1] else 'abort'
        yield Batch(offset + last + 1, producer, bool(attributes & TRANSACTIONAL), control, records)
        at += 12 + size
