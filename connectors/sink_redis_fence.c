/* What adds up (HINCRBY, RPUSH, XADD …) goes with a fence: a script looks whether this offset was done
 * already, does the commands, and moves the fence, all at once, for some records of one fence together.
 *
 *   fence   hash weir:fence:CONNECTOR:TOPIC:ID, field PARTITION:PART → offset
 *           of a topic that was made again also its generation: PARTITION:PART:GENERATION
 *           in a cluster weir:{TAG}:fence:CONNECTOR:TOPIC:ID, a hash in each slot, field PARTITION
 *   PART    slot of the key, modulo 64: of equal keys records come in order, of others they may not
 *   ID      of this life of the sink: one that is dropped and made again has done nothing yet
 *
 * Commands are sent before the replies to earlier ones are known. So each one says which offset comes
 * before it; where that was not done (out of memory, say) this one is not either, and both are tried again.
 * What is refused for good moves the fence, too, and is remembered (field … !, the last 32 kB of offsets):
 * after a crash it is refused again, and not taken for done. */
#include "connectors/sink_redis.h"

#include <stdio.h>
#include <stdlib.h>

weir_sv weir__redis_fence_script(void)
{
    /* KEYS: fence, keys · ARGV: field, offset before, then of each record its offset, the number of what
     * follows, and of each command the number of its words and these. Answers 1 (done), 0 (was done) or an
     * error for each record. */
    return WEIR_SV(
        "local f,k,out,i=KEYS[1],ARGV[1],{},3 "
        "local was=redis.call('HGET',f,k) local to,o=was,tonumber(was or -1) "
        "local late=o<tonumber(ARGV[2]) "
        "local function refuse(at) "
        "local s=string.sub(redis.call('HGET',f,k..'!') or ',',-32000) "
        "redis.call('HSET',f,k..'!',s..at..',') end "
        "local function refused(at) local s=redis.call('HGET',f,k..'!') "
        "return s and string.find(s,','..at..',',1,true) end "
        "while i<=#ARGV do local at,stop,r=ARGV[i],i+1+tonumber(ARGV[i+1]),1 "
        "local n=tonumber(at) i=i+2 "
        "if o>=n then r=refused(at) and redis.error_reply('REFUSED this record was refused before') or 0 "
        "elseif late then r=redis.error_reply('UNORDERED the record before was not done') "
        "else while i<=stop do local c=tonumber(ARGV[i]) "
        "local x=redis.pcall(unpack(ARGV,i+1,i+c)) "
        "if type(x)=='table' and x.err then r=x break end i=i+c+1 end "
        "local e=r~=1 and r.err or '' "
        "if string.find(e,'^WRONGTYPE') or (string.find(e,'^ERR ') and not string.find(e,'^ERR unknown') "
        "and not string.find(e,'^ERR Script') and not string.find(e,'^ERR The user')) then "
        "refuse(at) elseif r~=1 then late=true end "
        "if not late then o=n to=at end end "
        "out[#out+1]=r i=stop+1 end "
        "if to~=was then redis.call('HSET',f,k,to) end return out");
}

uint64_t weir__redis_fence_of(const weir__redis_sink *s, const weir_sink_item *item)
{
    const weir_sink_parcel *p = item->parcel;
    uint64_t part = s->mode == WEIR__REDIS_CLUSTER ? item->lane_hash : item->lane_hash % WEIR_SINK_PARTS;
    return (uint64_t)p->in->index << 46 | (uint64_t)(uint32_t)p->partition << 14 | part;
}

static void put_fence(weir__redis_sink *s, const weir_sink_item *item, weir_buf *out)
{
    weir_buf *name = &s->word;
    const weir_sink_input *in = item->parcel->in;
    weir_buf_reset(name);
    weir_buf_str(name, "weir:");
    if (s->mode == WEIR__REDIS_CLUSTER) {
        weir_buf_byte(name, '{');
        weir_buf_str(name, weir_redis_slots_tag(&s->slots, (uint32_t)item->lane_hash));
        weir_buf_str(name, "}:");
    }
    weir_buf_str(name, "fence:");
    weir_buf_sv(name, weir_conn_name(in->conn));
    weir_buf_byte(name, ':');
    weir_buf_sv(name, in->topic);
    weir_buf_byte(name, ':');
    weir_buf_str(name, s->id);
    weir_redis_arg(out, weir_buf_view(name));
}

static void put_field(const weir__redis_sink *s, const weir_sink_item *item, weir_buf *out)
{
    char text[48];
    uint32_t generation = item->parcel->in->generation;
    int n = s->mode == WEIR__REDIS_CLUSTER
                ? snprintf(text, sizeof text, "%d", item->parcel->partition)
                : snprintf(text, sizeof text, "%d:%u", item->parcel->partition,
                           (unsigned)(item->lane_hash % WEIR_SINK_PARTS));
    if (generation) {
        n += snprintf(text + n, sizeof text - (size_t)n, ":%u", (unsigned)generation);
    }
    weir_redis_arg(out, weir_sv_of(text, (size_t)n));
}

/* The bytes of a fenced item are the key as a word, then words for the script. */
static size_t key_bytes(weir_sv bytes)
{
    const char *end = memchr(bytes.p, '\n', bytes.n);
    WEIR_ASSERT(end && bytes.p[0] == '$');
    return (size_t)(end + 1 - bytes.p) + strtoul(bytes.p + 1, NULL, 10) + 2;
}

void weir__redis_fenced(weir__redis_sink *s, const weir_sink_item *const *items, uint32_t n, int64_t before,
                        weir_buf *out)
{
    uint32_t words = 6 + 3 * n;
    WEIR_ASSERT(n > 0);
    for (uint32_t i = 0; i < n; i++) {
        words += items[i]->aux;
    }
    weir_redis_args(out, words);
    weir_redis_arg(out, WEIR_SV("EVALSHA"));
    weir_redis_arg(out, s->script_sha);
    weir_redis_arg_int(out, 1 + (int64_t)n);
    put_fence(s, items[0], out);
    for (uint32_t i = 0; i < n; i++) {
        weir_sv bytes = weir_sink_bytes(items[i]);
        weir_buf_add(out, bytes.p, key_bytes(bytes));
    }
    put_field(s, items[0], out);
    weir_redis_arg_int(out, before);
    for (uint32_t i = 0; i < n; i++) {
        weir_sv bytes = weir_sink_bytes(items[i]);
        size_t from = key_bytes(bytes);
        weir_redis_arg_int(out, weir_sink_item_offset(items[i]));
        weir_redis_arg_int(out, items[i]->aux);
        weir_buf_add(out, bytes.p + from, bytes.n - from);
    }
}
