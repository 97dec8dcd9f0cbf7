// Writes string.txt, regexes.txt and url.txt: what functions on strings give, with a JDK 17.
//
//   java tests/vectors/VectorsString.java string|regexes|url [COUNT] > tests/vectors/KIND.txt
//
// Fields are separated by tabs: function, arguments as `s:text`, `i:1`, `n:` (NULL), then the result
// as `=text`, `NULL` or `!` (an error). \n \r \t \\ are escaped; half a surrogate pair is `?`.
import java.io.PrintStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.StringJoiner;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class VectorsString {
  static final Random random = new Random(7);
  static final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);

  static String escaped(Object o) {
    String s = new String(o.toString().getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    return s.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t");
  }

  static void line(String function, Callable<Object> result, Object... arguments) {
    StringJoiner joiner = new StringJoiner("\t");
    joiner.add(function);
    for (Object a : arguments) {
      joiner.add(a == null ? "n:" : a instanceof Integer ? "i:" + a : "s:" + escaped(a));
    }
    String shown;
    try {
      Object r = result.call();
      shown = r == null ? "NULL" : "=" + escaped(r);
    } catch (Exception e) {
      shown = "!";
    }
    out.println(joiner.add(shown));
  }

  static String text(String[] pieces, int max) {
    StringBuilder b = new StringBuilder();
    for (int n = random.nextInt(max + 1); n > 0; n--) {
      b.append(pieces[random.nextInt(pieces.length)]);
    }
    return b.toString();
  }

  static <T> T pick(T[] from) {
    return from[random.nextInt(from.length)];
  }

  // ---- strings ----

  static final String[] FEW = {"a", "b", "ab", "ba", "é", "😀", "中", " ", "-", "A", "9", "aa"};
  static final String[] SHORT = {"a", "b", "aa", "", "😀", "ab", "é", " "};

  // Positions count from 1; overlapping occurrences count; from the end, all is turned round.
  static int instr(String s, String part, int position, int occurrence) {
    if (Math.abs(position) > s.length() || occurrence <= 0) {
      return 0;
    }
    if (part.isEmpty()) {
      return position >= 0 ? position : s.length() + position + 2;
    }
    if (position == 0) {
      return 0;
    }
    List<Integer> hits = new ArrayList<>();
    for (int at = s.indexOf(part); at >= 0; at = s.indexOf(part, at + 1)) {
      hits.add(at);
    }
    if (position > 0) {
      hits.removeIf(at -> at < position - 1);
      return occurrence > hits.size() ? 0 : hits.get(occurrence - 1) + 1;
    }
    hits.removeIf(at -> at + part.length() > s.length() + position + 1);
    return occurrence > hits.size() ? 0 : hits.get(hits.size() - occurrence) + 1;
  }

  static String pad(String s, int n, String with, boolean left) {
    if (n < 0 || with.isEmpty()) {
      return null;
    }
    if (s.length() >= n) {
      return s.substring(0, n);
    }
    String padding = with.repeat(n).substring(0, n - s.length());
    return left ? padding + s : s + padding;
  }

  static String mask(String s, Integer upper, Integer lower, Integer digit, Integer other) {
    StringBuilder b = new StringBuilder();
    for (int i = 0; i < s.length(); i++) {
      int c = s.codePointAt(i);
      Integer m = switch (Character.getType(c)) {
        case Character.UPPERCASE_LETTER -> upper;
        case Character.LOWERCASE_LETTER -> lower;
        case Character.DECIMAL_DIGIT_NUMBER -> digit;
        default -> other;
      };
      b.appendCodePoint(m == null ? c : m);
    }
    return b.toString();
  }

  static String masked(String s) {
    return mask(s, (int) 'X', (int) 'x', (int) 'n', (int) '-');
  }

  static Integer unit(String mask) {
    if (mask == null) {
      return null;
    }
    if (mask.length() != 1) {
      throw new IllegalArgumentException();
    }
    return (int) mask.charAt(0);
  }

  static String initcap(String s) {
    StringBuilder b = new StringBuilder();
    Matcher m = Pattern.compile("[^\\s]+\\s*").matcher(s.toLowerCase(Locale.ROOT));
    while (m.find()) {
      String word = m.group();
      b.append(word.substring(0, 1).toUpperCase(Locale.ROOT)).append(word.substring(1));
    }
    return b.toString();
  }

  static List<String> split(String s, String by) {
    if (by.isEmpty()) {
      return List.of(Pattern.compile("").split(s));
    }
    return List.of(Pattern.compile(Pattern.quote(by)).split(s, -1));
  }

  static void strings() {
    String s = text(FEW, 6);
    String part = pick(SHORT);
    int position = random.nextInt(2 * s.length() + 5) - s.length() - 2;
    int occurrence = random.nextInt(4);
    line("INSTR", () -> instr(s, part, 1, 1), s, part);
    line("INSTR", () -> instr(s, part, position, 1), s, part, position);
    line("INSTR", () -> instr(s, part, position, occurrence), s, part, position, occurrence);
    int length = random.nextInt(s.length() + 4) - 1;
    int from = position < 0 ? Math.max(0, s.length() + position)
        : Math.min(Math.max(position - 1, 0), s.length());
    line("SUBSTRING", () -> s.substring(from), s, position);
    line("SUBSTRING", () -> s.substring(from, Math.max(from, Math.min(s.length(), from + length))),
        s, position, length);
    int target = random.nextInt(14) - 1;
    line("LPAD", () -> pad(s, target, part, true), s, target, part);
    line("RPAD", () -> pad(s, target, part, false), s, target, part);
    line("INITCAP", () -> initcap(s), s);
    line("SPLIT", () -> split(s, part), s, part);
    line("REPLACE", () -> s.replace(part, "<é>"), s, part, "<é>");
    int n = random.nextInt(s.length() + 2);
    int k = Math.min(n, s.length());
    int e = s.length() - k;
    line("MASK", () -> masked(s), s);
    line("MASK_LEFT", () -> masked(s.substring(0, k)) + s.substring(k), s, n);
    line("MASK_RIGHT", () -> s.substring(0, e) + masked(s.substring(e)), s, n);
    line("MASK_KEEP_LEFT", () -> s.substring(0, k) + masked(s.substring(k)), s, n);
    line("MASK_KEEP_RIGHT", () -> masked(s.substring(0, e)) + s.substring(e), s, n);
    String[] m = new String[4];
    for (int i = 0; i < 4; i++) {
      m[i] = pick(new String[] {null, "#", "é", "?", "", "xy"});
    }
    line("MASK", () -> mask(s, unit(m[0]), unit(m[1]), unit(m[2]), unit(m[3])),
        s, m[0], m[1], m[2], m[3]);
    m[3] = null;
    line("MASK_KEEP_LEFT", () -> s.substring(0, k)
        + mask(s.substring(k), unit(m[0]), unit(m[1]), unit(m[2]), null),
        s, n, m[0], m[1], m[2], null);
  }

  // ---- regular expressions ----

  static final String[] PATTERNS = {"a", "", "b+", "(a)(b)?", "a|b", "\\s*", "[^a]", "x*", "(?i)A",
      "\\d", "é", ".", "(?:ab)+", "^", "$", "\\b", "(", "a{2}", "(?<n>b)", "a*?", "😀", "-?", "(a)|b"};
  static final String[] REPLACEMENTS = {"", "x", "<$0>", "$1", "\\$", "${n}", "$", "$9"};

  static List<String> regexSplit(String s, String pattern) {
    Pattern p = Pattern.compile(pattern);
    if (p.matcher("").matches()) {
      return List.of(p.split(s));
    }
    List<String> parts = new ArrayList<>();
    Matcher m = p.matcher(s);
    int start = 0; // of the part
    int from = 0; // of the search: behind an empty match the part goes on, but not the search
    while (m.find(from)) {
      int end = m.end();
      if (end == start) {
        from = end + 1;
        if (from > s.length()) {
          return parts;
        }
        continue;
      }
      parts.add(s.substring(start, m.start()));
      start = end;
      from = end;
    }
    parts.add(s.substring(start));
    return parts;
  }

  static void regexes() {
    String s = text(FEW, 6);
    String p = pick(PATTERNS);
    // Java finds empty matches inside pairs, too, unless the pattern has one itself.
    regexes(s, s.contains("😀") ? "😀|" + p : p);
  }

  static void regexes(String s, String p) {
    int group = random.nextInt(4);
    String r = pick(REPLACEMENTS);
    Callable<Object> first = () -> {
      Matcher m = Pattern.compile(p).matcher(s);
      return m.find() ? m.group() : null;
    };
    line("REGEXP_EXTRACT", first, p, s);
    line("REGEXP_EXTRACT", () -> {
      Matcher m = Pattern.compile(p).matcher(s);
      return group > m.groupCount() || !m.find() ? null : m.group(group);
    }, p, s, group);
    line("REGEXP_EXTRACT_ALL", () -> {
      List<String> all = new ArrayList<>();
      Matcher m = Pattern.compile(p).matcher(s);
      while (group <= m.groupCount() && m.find()) {
        all.add(m.group(group));
      }
      return group > m.groupCount() ? null : all;
    }, p, s, group);
    line("REGEXP_REPLACE", () -> s.replaceAll(p, r), s, p, r);
    line("REGEXP_SPLIT_TO_ARRAY", () -> regexSplit(s, p), s, p);
  }

  // ---- URLs ----

  static final String[] SCHEMES = {"http:", "https:", "mailto:", "a+b-1.c:", "", "1a:", ":", "é:"};
  static final String[] AUTHORITIES = {"", "//", "//host", "//user@host", "//u:p@host:80",
      "//host:", "//host:99999999999", "//host:8a", "//1.2.3.4", "//1.2.3.4:5", "//1.2.3.400",
      "//[::1]", "//[::1]:8", "//[1:2:3:4:5:6:7:8]", "//[::1", "//[fe80::1%eth0]", "//ho_st",
      "//a.b.c1", "//a.1", "//-a", "//a-.b", "//hö", "//h%20x", "//a b", "//a@b@c", "//a..b", "//a.",
      "//[v1.a]", "//[::ffff:1.2.3.4]", "//[1::2::3]", "//[12345::]", "//1.2.3", "//01.2.3.4:9",
      "///x"};
  static final String[] PATHS = {"", "/", "/a/b", "/a%20b", "/%e4%b8%ad", "/%zz", "/a b", "/é",
      "a/b", "/a;b=c", "/a:b", "a:b", "/%ff", "/a\\b", "/%", "/a^", "//b", "/a|b", "/\u00a0",
      "/\u2028", "/\u0001"};
  static final String[] QUERIES = {"", "?", "?a=1&b=2", "?a", "?a=", "?a=b=c&a=2", "?x%26y=%3D",
      "?%C3%A9=é", "?a=1+2", "?a b", "?[", "?a=%", "??", "?&&=1", "?😀=1"};
  static final String[] FRAGMENTS = {"", "#", "#f", "#a%20b", "#a#b", "#é", "#<", "#%e2%82"};
  static final String[] NAMES = {"a", "b", "x&y", "é", "", "x", "😀"};

  interface Part {
    Object of(URI u);
  }

  static void extract(String function, String url, Part part) {
    line(function, () -> part.of(new URI(url)), url);
  }

  static void urls() {
    String url = pick(SCHEMES) + pick(AUTHORITIES) + pick(PATHS) + pick(QUERIES) + pick(FRAGMENTS);
    extract("URL_EXTRACT_PROTOCOL", url, URI::getScheme);
    extract("URL_EXTRACT_HOST", url, URI::getHost);
    extract("URL_EXTRACT_PORT", url, u -> u.getPort() < 0 ? null : u.getPort());
    extract("URL_EXTRACT_PATH", url, URI::getPath);
    extract("URL_EXTRACT_QUERY", url, URI::getQuery);
    extract("URL_EXTRACT_FRAGMENT", url, URI::getFragment);
    String name = pick(NAMES);
    line("URL_EXTRACT_PARAMETER", () -> {
      String query = new URI(url).getQuery();
      for (String pair : query == null ? new String[0] : query.split("&", -1)) {
        int equals = pair.indexOf('=');
        if ((equals < 0 ? pair : pair.substring(0, equals)).equals(name)) {
          return equals < 0 ? "" : pair.substring(equals + 1);
        }
      }
      return null;
    }, url, name);
  }

  static final String[] FORM = {"a", "Z", "9", "-", "_", ".", "*", " ", "+", "%", "%20", "%C3%A9",
      "é", "😀", "&", "=", "~", "%zz", "%4", "%ff", "\n", "%c3", "(", "'", "%+1", "%-1"};

  static void forms() {
    String s = text(FORM, 5);
    line("URL_ENCODE_PARAM", () -> URLEncoder.encode(s, StandardCharsets.UTF_8), s);
    line("URL_DECODE_PARAM", () -> URLDecoder.decode(s, StandardCharsets.UTF_8), s);
  }

  public static void main(String[] args) {
    int count = args.length > 1 ? Integer.parseInt(args[1]) : 100;
    for (int i = 0; i < count; i++) {
      switch (args[0]) {
        case "string" -> strings();
        case "regexes" -> regexes();
        default -> {
          urls();
          forms();
        }
      }
    }
    out.flush();
  }
}
