/* Java has four name spaces behind \p: POSIX names (ASCII only), `java…` methods of Character, blocks
 * (`In…`), and Unicode properties (`Is…` or bare). */
#include "engine/data/regex_class.h"

typedef struct named_class {
    const char *name;
    const char *inside;
} named_class;

static const named_class bare_names[] = {
    {"Lower", "a-z"},
    {"Upper", "A-Z"},
    {"ASCII", "\\x00-\\x7f"},
    {"Alpha", "a-zA-Z"},
    {"Digit", "0-9"},
    {"Alnum", "a-zA-Z0-9"},
    {"Punct", "!-\\/:-@\\[-`{-~"},
    {"Graph", "!-~"},
    {"Print", " -~"},
    {"Blank", " \\t"},
    {"Cntrl", "\\x00-\\x1f\\x7f"},
    {"XDigit", "0-9a-fA-F"},
    {"Space", "\\t-\\r "},
    {"L1", "\\x00-\\xff"},
    {"all", "\\x{0}-\\x{10ffff}"},
    {"LD", "\\p{L}\\p{Nd}"},
    {"LC", "\\p{Lu}\\p{Ll}\\p{Lt}"},
    {"javaLowerCase", "\\p{Lowercase}"},
    {"javaUpperCase", "\\p{Uppercase}"},
    {"javaAlphabetic", "\\p{Alphabetic}"},
    {"javaIdeographic", "\\p{Ideographic}"},
    {"javaTitleCase", "\\p{Lt}"},
    {"javaDigit", "\\p{Nd}"},
    {"javaDefined", "\\P{Cn}"},
    {"javaLetter", "\\p{L}"},
    {"javaLetterOrDigit", "\\p{L}\\p{Nd}"},
    {"javaSpaceChar", "\\p{Z}"},
    {"javaWhitespace", "\\t-\\r\\x1c-\\x20\\x{1680}\\x{2000}-\\x{2006}\\x{2008}-\\x{200a}"
                       "\\x{2028}\\x{2029}\\x{205f}\\x{3000}"},
    {"javaISOControl", "\\x00-\\x1f\\x7f-\\x9f"},
    {"javaMirrored", "\\p{Bidi_Mirrored}"},
};

/* Behind `Is`, any case. */
static const named_class unicode_names[] = {
    {"ALPHABETIC", "\\p{Alphabetic}"},
    {"LETTER", "\\p{L}"},
    {"IDEOGRAPHIC", "\\p{Ideographic}"},
    {"LOWERCASE", "\\p{Lowercase}"},
    {"UPPERCASE", "\\p{Uppercase}"},
    {"TITLECASE", "\\p{Lt}"},
    {"WHITE_SPACE", "\\p{White_Space}"},
    {"WHITESPACE", "\\p{White_Space}"},
    {"CONTROL", "\\p{Cc}"},
    {"PUNCTUATION", "\\p{P}"},
    {"HEX_DIGIT", "\\p{Nd}\\p{Hex_Digit}"},
    {"HEXDIGIT", "\\p{Nd}\\p{Hex_Digit}"},
    {"ASSIGNED", "\\P{Cn}"},
    {"NONCHARACTER_CODE_POINT", "\\p{Noncharacter_Code_Point}"},
    {"DIGIT", "\\p{Nd}"},
    {"ALNUM", "\\p{Alphabetic}\\p{Nd}"},
    {"BLANK", "\\p{Zs}\\t"},
    {"JOIN_CONTROL", "\\p{Join_Control}"},
    {"WORD", "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}"},
};

/* The blocks that people write; behind `In`, any case, without spaces, hyphens and underscores. */
static const named_class blocks[] = {
    {"BASICLATIN", "\\x00-\\x7f"},
    {"LATIN1SUPPLEMENT", "\\x{80}-\\x{ff}"},
    {"LATINEXTENDEDA", "\\x{100}-\\x{17f}"},
    {"LATINEXTENDEDB", "\\x{180}-\\x{24f}"},
    {"COMBININGDIACRITICALMARKS", "\\x{300}-\\x{36f}"},
    {"GREEK", "\\x{370}-\\x{3ff}"},
    {"GREEKANDCOPTIC", "\\x{370}-\\x{3ff}"},
    {"CYRILLIC", "\\x{400}-\\x{4ff}"},
    {"ARMENIAN", "\\x{530}-\\x{58f}"},
    {"HEBREW", "\\x{590}-\\x{5ff}"},
    {"ARABIC", "\\x{600}-\\x{6ff}"},
    {"DEVANAGARI", "\\x{900}-\\x{97f}"},
    {"BENGALI", "\\x{980}-\\x{9ff}"},
    {"THAI", "\\x{e00}-\\x{e7f}"},
    {"HANGULJAMO", "\\x{1100}-\\x{11ff}"},
    {"GENERALPUNCTUATION", "\\x{2000}-\\x{206f}"},
    {"CURRENCYSYMBOLS", "\\x{20a0}-\\x{20cf}"},
    {"ARROWS", "\\x{2190}-\\x{21ff}"},
    {"MATHEMATICALOPERATORS", "\\x{2200}-\\x{22ff}"},
    {"BOXDRAWING", "\\x{2500}-\\x{257f}"},
    {"CJKSYMBOLSANDPUNCTUATION", "\\x{3000}-\\x{303f}"},
    {"HIRAGANA", "\\x{3040}-\\x{309f}"},
    {"KATAKANA", "\\x{30a0}-\\x{30ff}"},
    {"CJKUNIFIEDIDEOGRAPHS", "\\x{4e00}-\\x{9fff}"},
    {"HANGULSYLLABLES", "\\x{ac00}-\\x{d7af}"},
    {"EMOTICONS", "\\x{1f600}-\\x{1f64f}"},
};

static bool put_named(const named_class *table, size_t n, weir_sv name, bool any_case,
                      weir_buf *out)
{
    for (size_t i = 0; i < n; i++) {
        weir_sv known = weir_sv_cstr(table[i].name);
        if (any_case ? weir_sv_ieq(known, name) : weir_sv_eq(known, name)) {
            weir_buf_str(out, table[i].inside);
            return true;
        }
    }
    return false;
}

static bool is_category(weir_sv name)
{
    static const char known[] = "L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm "
                                "Sc Sk So Z Zs Zl Zp C Cc Cf Cs Co Cn ";
    char word[4] = {0};
    if (name.n == 0 || name.n > 2) {
        return false;
    }
    memcpy(word, name.p, name.n);
    word[name.n] = ' ';
    const char *at = strstr(known, word);
    return at && (at == known || at[-1] == ' ');
}

static bool put_script(weir_sv name, weir_buf *out)
{
    for (uint32_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!((c | 32) >= 'a' && (c | 32) <= 'z') && c != '_') {
            return false;
        }
    }
    weir_buf_printf(out, "\\p{sc:" WEIR_SV_FMT "}", WEIR_SV_ARG(name)); /* PCRE2 knows them */
    return name.n > 0;
}

static bool put_block(weir_sv name, weir_buf *out)
{
    char plain[64];
    uint32_t n = 0;
    for (uint32_t i = 0; i < name.n && n < sizeof plain; i++) {
        if (!strchr(" -_", name.p[i])) {
            plain[n++] = name.p[i];
        }
    }
    return put_named(blocks, WEIR_COUNT(blocks), weir_sv_of(plain, n), true, out);
}

static bool put_category(weir_sv name, weir_buf *out)
{
    if (is_category(name)) {
        weir_buf_printf(out, "\\p{" WEIR_SV_FMT "}", WEIR_SV_ARG(name));
        return true;
    }
    return weir_sv_eq(name, WEIR_SV("LC")) &&
           put_named(bare_names, WEIR_COUNT(bare_names), name, false, out);
}

bool weir__regex_property(weir_sv name, weir_buf *out)
{
    int64_t equals = weir_sv_find(name, WEIR_SV("="), 0);
    if (equals >= 0) {
        weir_sv key = weir_sv_of(name.p, (size_t)equals);
        weir_sv value = weir_sv_of(name.p + equals + 1, name.n - (size_t)equals - 1);
        if (weir_sv_ieq(key, WEIR_SV("sc")) || weir_sv_ieq(key, WEIR_SV("script"))) {
            return put_script(value, out);
        }
        if (weir_sv_ieq(key, WEIR_SV("blk")) || weir_sv_ieq(key, WEIR_SV("block"))) {
            return put_block(value, out);
        }
        return (weir_sv_ieq(key, WEIR_SV("gc")) ||
                weir_sv_ieq(key, WEIR_SV("general_category"))) &&
               put_category(value, out);
    }
    if (weir_sv_starts(name, WEIR_SV("In"))) {
        return put_block(weir_sv_of(name.p + 2, name.n - 2), out);
    }
    if (weir_sv_starts(name, WEIR_SV("Is"))) {
        weir_sv rest = weir_sv_of(name.p + 2, name.n - 2);
        return put_named(unicode_names, WEIR_COUNT(unicode_names), rest, true, out) ||
               put_category(rest, out) || put_script(rest, out);
    }
    return put_category(name, out) ||
           put_named(bare_names, WEIR_COUNT(bare_names), name, false, out);
}
