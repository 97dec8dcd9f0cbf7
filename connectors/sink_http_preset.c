/* Services that webhooks are sent to, and the messages they take. A line is all that a service costs. */
#include "connectors/sink_http.h"

#define CARD                                                                                            \
    "{\"type\":\"message\",\"attachments\":[{\"contentType\":\"application/vnd.microsoft.card."         \
    "adaptive\",\"content\":{\"$schema\":\"http://adaptivecards.io/schemas/adaptive-card.json\","       \
    "\"type\":\"AdaptiveCard\",\"version\":\"1.4\",\"body\":[{\"type\":\"TextBlock\",\"weight\":"        \
    "\"bolder\",\"wrap\":true,\"text\":\"@title@\"},{\"type\":\"TextBlock\",\"wrap\":true,\"text\":"

static const weir__hook_preset presets[] = {
    {.name = "json"},
    {.name = "slack", .body = "{\"text\":\"@text@\"}", .resolve = "{\"text\":\"@resolved@\"}"},
    {.name = "teams", .body = CARD "\"@text@\"}]}}]}", .resolve = CARD "\"@resolved@\"}]}}]}"},
    {.name = "discord",
     .body = "{\"content\":\"@text@\",\"allowed_mentions\":{\"parse\":[]}}",
     .resolve = "{\"content\":\"@resolved@\",\"allowed_mentions\":{\"parse\":[]}}"},
    {.name = "pagerduty",
     .url = "https://events.pagerduty.com/v2/enqueue",
     .severity = "critical",
     .body = "{\"routing_key\":\"@token@\",\"event_action\":\"trigger\",\"dedup_key\":\"@key@\","
             "\"payload\":{\"summary\":\"@text@\",\"source\":\"@source@\",\"severity\":\"@severity@\","
             "\"timestamp\":\"${timestamp:%Y-%m-%dT%H:%M:%S.%LZ}\"}}",
     .resolve = "{\"routing_key\":\"@token@\",\"event_action\":\"resolve\",\"dedup_key\":\"@key@\"}"},
    {.name = "opsgenie",
     .url = "https://api.opsgenie.com/v2/alerts",
     .header = "Authorization: GenieKey @token@",
     .severity = "P3",
     .body = "{\"message\":\"@title@\",\"alias\":\"@key@\",\"description\":\"@text@\","
             "\"priority\":\"@severity@\",\"source\":\"@source@\"}",
     .resolve = "{\"source\":\"@source@\"}",
     .resolve_url = "/@key@/close?identifierType=alias"},
    {.name = "alertmanager",
     .severity = "critical",
     .body = "{\"labels\":{\"alertname\":\"@title@\",\"key\":\"@key@\",\"severity\":\"@severity@\"},"
             "\"annotations\":{\"summary\":\"@text@\"},"
             "\"startsAt\":\"${timestamp:%Y-%m-%dT%H:%M:%S.%LZ}\"}",
     .resolve = "{\"labels\":{\"alertname\":\"@title@\",\"key\":\"@key@\",\"severity\":\"@severity@\"},"
                "\"endsAt\":\"${timestamp:%Y-%m-%dT%H:%M:%S.%LZ}\"}",
     .join = ",",
     .array = true},
    {.name = "splunk-hec",
     .header = "Authorization: Splunk @token@",
     .body = "{\"time\":\"${timestamp:%s.%L}\",\"source\":\"@source@\",\"sourcetype\":\"_json\","
             "\"event\":${value}}",
     .join = "\n"},
};

/* ORDER parts: the last one is no template */
static const struct {
    const char *word, *option, *standard;
} parts[WEIR__HOOK_PARTS] = {
    {"@text@", "alert.text", "${value}"},         {"@title@", "alert.title", "${connector}"},
    {"@key@", "alert.key", "${topic}/${key}"},    {"@source@", "alert.source", "${topic}"},
    {"@severity@", "alert.severity", "critical"}, {"@resolved@", "alert.resolved", ""},
};

const weir__hook_preset *weir__hook_preset_named(weir_sv name)
{
    for (size_t i = 0; i < WEIR_COUNT(presets); i++) {
        if (weir_sv_ieq(name, weir_sv_cstr(presets[i].name))) {
            return &presets[i];
        }
    }
    return NULL;
}

const char *weir__hook_preset_part(uint32_t i)
{
    WEIR_ASSERT(i < WEIR__HOOK_PARTS);
    return parts[i].option;
}

bool weir__hook_preset_uses(const char *text, const char *option)
{
    for (size_t i = 0; text && i < WEIR_COUNT(parts); i++) {
        if (strcmp(parts[i].option, option) == 0) {
            return strstr(text, parts[i].word) != NULL;
        }
    }
    return false;
}

/* Characters that an operator has written, as the place asks for. */
static void put_literal(weir_buf *out, weir_sv text, weir_template_place place)
{
    if (place == WEIR_TEMPLATE_JSON) {
        weir_template_json(out, text);
    } else if (place == WEIR_TEMPLATE_URL) {
        weir_template_url(out, text);
    } else {
        weir_buf_sv(out, text);
    }
}

/* An option's template: its text is escaped, its ${…} stay. */
static void put_template(weir_buf *out, weir_sv text, weir_template_place place)
{
    for (uint32_t i = 0; i < text.n;) {
        weir_sv rest = weir_sv_of(text.p + i, text.n - i);
        int64_t from = weir_sv_find(rest, WEIR_SV("${"), 0);
        int64_t to = from < 0 ? -1 : weir_sv_find(rest, WEIR_SV("}"), (uint32_t)from);
        uint32_t literal = to < 0 ? rest.n : (uint32_t)from;
        uint32_t end = to < 0 ? rest.n : (uint32_t)to + 1;
        put_literal(out, weir_sv_of(rest.p, literal), place);
        weir_buf_add(out, rest.p + literal, end - literal);
        i += end;
    }
}

/* What is no template must not become one. */
static void put_secret(weir_buf *out, weir_sv text, weir_template_place place)
{
    for (uint32_t i = 0; i < text.n; i++) {
        if (text.p[i] == '$' && i + 1 < text.n && text.p[i + 1] == '{') {
            weir_buf_byte(out, '$');
        }
        put_literal(out, weir_sv_of(text.p + i, 1), place);
    }
}

static uint32_t put_part(const weir_conn *c, const weir__hook_preset *p, const char *at,
                         weir_template_place place, weir_buf *out)
{
    if (strncmp(at, "@token@", 7) == 0) {
        put_secret(out, weir_conn_text(c, "alert.token"), place);
        return 7;
    }
    for (size_t i = 0; i < WEIR_COUNT(parts); i++) {
        size_t n = strlen(parts[i].word);
        if (strncmp(at, parts[i].word, n) != 0) {
            continue;
        }
        weir_sv text = weir_conn_text(c, parts[i].option);
        bool severity = strcmp(parts[i].option, "alert.severity") == 0;
        const char *standard = severity && p->severity ? p->severity : parts[i].standard;
        put_template(out, text.n ? text : weir_sv_cstr(standard), place);
        return (uint32_t)n;
    }
    return 0;
}

weir_sv weir__hook_preset_text(const weir_conn *c, const weir__hook_preset *p, const char *text,
                               weir_template_place place)
{
    weir_buf out = {0};
    while (*text) {
        uint32_t n = *text == '@' ? put_part(c, p, text, place, &out) : 0;
        if (n == 0) {
            weir_buf_byte(&out, *text);
        }
        text += n ? n : 1;
    }
    weir_sv made = weir_arena_sv(weir_conn_arena(c), weir_buf_view(&out));
    weir_buf_deinit(&out);
    return made;
}
