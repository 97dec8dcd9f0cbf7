/* Rules for columns that have none: what people call things says much about what is in them. The
 * first row that fits counts; a name fits when it ends with the row's word, or has it at its front.
 */
#include "connectors/datagen_impl.h"

enum { NUMBERS = 1, TEXTS = 2 };

typedef struct guess {
    const char *words; /* with | between */
    int types;
    const char *rule;
} guess;

static const guess guesses[] = {
    {"email", TEXTS, "regex pattern='[a-z]{4,8}[.][a-z]{4,9}@example[.](com|org|net)'"},
    {"first_name|firstname", TEXTS,
     "list values=Ada,Ben,Chiara,Dmitri,Elif,Femi,Greta,Hiro,Inés,Jan,Kwame,Lena"},
    {"last_name|lastname|surname", TEXTS,
     "list "
     "values=Adler,Bianchi,Costa,Dubois,Eriksson,Fischer,García,Haddad,Ito,Jansen,Kowalski,"
     "Lindqvist"},
    {"country|country_code", TEXTS,
     "list values=DE,FR,GB,US,NL,IT,ES,PL,JP,BR weights=9,8,8,8,5,5,5,4,4,3"},
    {"city|town", TEXTS,
     "list values=Berlin,Paris,London,Madrid,Rotterdam,Warszawa,Milano,Oslo,Köln,Porto"},
    {"street|address", TEXTS,
     "regex pattern='(Mill|Lake|Hill|Park|Oak) (Road|Street|Lane) [1-9][0-9]?'"},
    {"zip|zipcode|zip_code|postcode", NUMBERS, "uniform min=10000 max=99999"},
    {"zip|zipcode|zip_code|postcode", TEXTS, "uniform min=10000 max=99999"},
    {"phone", TEXTS, "regex pattern='[+]49 555 [0-9]{7}'"},
    {"ip|ip_address|remote_addr", TEXTS, "template template='10.${0..255}.${0..255}.${1..254}'"},
    {"agent|user_agent", TEXTS, "list values='Firefox,Chrome,Safari,Edge,bot' weights=4,8,4,2,1"},
    {"referrer|referer", TEXTS, "list values=direct,search,newsletter,social,partner"},
    {"url|page|pageid|page_id|path", TEXTS, "zipf n=100 s=1.1 prefix=/page/"},
    {"currency", TEXTS, "list values=EUR,USD,GBP,JPY weights=6,3,2,1"},
    {"category|department", TEXTS, "list values=audio,books,garden,kitchen,shoes,sports,toys"},
    {"event_type|eventtype|event|action", TEXTS,
     "list values=view,add_to_cart,purchase weights=90,7,3"},
    {"status|state", TEXTS, "list values=ok,pending,failed weights=90,7,3"},
    {"status_code|http_status", NUMBERS, "list values=200,302,404,500 weights=90,5,4,1"},
    {"gender", TEXTS, "list values=female,male,other"},
    {"level|severity", TEXTS, "list values=DEBUG,INFO,WARN,ERROR weights=2,80,15,3"},
    {"device|channel|platform", TEXTS, "list values=web,ios,android,desktop"},
    {"method|payment_method", TEXTS, "list values=card,wallet,invoice,transfer weights=6,3,1,1"},
    {"lat|latitude", NUMBERS, "uniform min=-90 max=90"},
    {"lon|lng|long|longitude", NUMBERS, "uniform min=-180 max=180"},
    {"quantity|qty|units", NUMBERS, "zipf n=10 s=1.5"},
    {"stars|rating", NUMBERS, "uniform min=1 max=5"},
    {"price|amount|total|cost|revenue|balance", NUMBERS, "uniform min=1 max=500 decimals=2"},
    {"percent|percentage|score", NUMBERS, "uniform min=0 max=100"},
    {"age", NUMBERS, "uniform min=18 max=90"},
    {"year", NUMBERS, "uniform min=1990 max=2026"},
    {"temperature|temp", NUMBERS, "normal mean=20 stddev=5"},
    {"time|timestamp|ts|date|_at", NUMBERS, "timestamp"},
    {"time|timestamp|ts|date|_at", TEXTS, "timestamp"},
    {"uuid|guid|trace_id|request_id", TEXTS, "uuid"},
    {"session|session_id|sessionid", TEXTS, "uniform keys=1000 prefix=S_ width=6"},
    {"name|title", TEXTS, "regex pattern='[A-Z][a-z]{3,8} [A-Z][a-z]{3,8}'"},
    {"text|message|comment|description", TEXTS, "regex pattern='([a-z]{2,9} ){3,8}[a-z]{2,9}'"},
    {"id|key|user|userid|product|customer|account|order", NUMBERS, "uniform keys=1000"},
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* `word` at the end, with nothing or an underscore before it. */
static bool fits(weir_sv name, weir_sv word)
{
    if (name.n < word.n) {
        return false;
    }
    uint32_t from = name.n - word.n;
    for (uint32_t i = 0; i < word.n; i++) {
        if (lower(name.p[from + i]) != word.p[i]) {
            return false;
        }
    }
    return from == 0 || word.p[0] == '_' || name.p[from - 1] == '_';
}

static bool ends_with_id(weir_sv name)
{
    return name.n >= 2 && lower(name.p[name.n - 1]) == 'd' && lower(name.p[name.n - 2]) == 'i';
}

static weir_sv by_type(const weir_type *type)
{
    switch (type->kind) {
    case WEIR_T_BOOLEAN:
        return WEIR_SV("bool odds=0.5");
    case WEIR_T_INTEGER:
        return WEIR_SV("uniform min=0 max=999");
    case WEIR_T_BIGINT:
        return WEIR_SV("uniform min=0 max=999999");
    case WEIR_T_DOUBLE:
        return WEIR_SV("uniform min=0 max=100 decimals=2");
    case WEIR_T_DECIMAL:
        return WEIR_SV("uniform min=0 max=100");
    case WEIR_T_DATE:
    case WEIR_T_TIME:
    case WEIR_T_TIMESTAMP:
        return WEIR_SV("timestamp");
    case WEIR_T_BYTES:
        return WEIR_SV("text length=8");
    case WEIR_T_ARRAY:
    case WEIR_T_MAP:
        return (weir_sv){0}; /* lengths have standards of their own */
    case WEIR_T_STRING:
    case WEIR_T_STRUCT:
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_UNIT:
    case WEIR_T_KINDS:
        break;
    }
    return type->kind == WEIR_T_STRING ? WEIR_SV("text length=8") : (weir_sv){0};
}

static weir_sv rule_for(weir_sv name, const weir_type *type, bool key)
{
    bool text = type->kind == WEIR_T_STRING;
    bool number = type->kind == WEIR_T_INTEGER || type->kind == WEIR_T_BIGINT ||
                  type->kind == WEIR_T_DOUBLE || type->kind == WEIR_T_DECIMAL;
    for (size_t i = 0; (text || number) && i < WEIR_COUNT(guesses); i++) {
        weir_sv words = weir_sv_cstr(guesses[i].words);
        weir_sv word;
        while (guesses[i].types == (text ? TEXTS : NUMBERS) && weir__dg_split(&words, '|', &word)) {
            if (fits(name, word)) {
                return weir_sv_cstr(guesses[i].rule);
            }
        }
    }
    return (key || ends_with_id(name)) && (text || number) ? WEIR_SV("uniform keys=1000")
                                                           : by_type(type);
}

weir_rc weir__dg_guess(weir_arena *a, weir__dg_field *f, weir_sv path, weir_sv name,
                       const weir_type *type, weir_status *st)
{
    weir__dg_field rule = {0};
    weir_sv text = rule_for(name, type, f->key && !path.n);
    WEIR_TRY(weir__dg_rule_read(a, text, (weir_sv){0}, &rule, st));
    for (uint32_t i = 0; i < rule.n; i++) {
        const char *arg = weir_arena_cstr(a, rule.args[i].name);
        if (!weir__dg_find(f, path, arg)) {
            weir__dg_set(a, f, path, arg, rule.args[i].value);
        }
    }
    bool named = type->kind == WEIR_T_STRING && weir_sv_eq(text, WEIR_SV("uniform keys=1000"));
    if (named && !weir__dg_find(f, path, "prefix")) { /* user_id: user_17 */
        char *prefix = weir_arena_cstr(a, weir_arena_printf(a, WEIR_SV_FMT "_", WEIR_SV_ARG(name)));
        for (uint32_t i = 0; prefix[i]; i++) {
            prefix[i] = lower(prefix[i]);
        }
        uint32_t n = ends_with_id(name) && name.n > 3 ? name.n - 2 : name.n;
        n -= n > 1 && prefix[n - 1] == '_';
        prefix[n] = '_';
        weir__dg_set(a, f, path, "prefix", weir_sv_of(prefix, n + 1));
    }
    return WEIR_OK;
}
