// Writes text.txt and regex.txt: strings, LIKE and regular expressions as a JDK 17 has them.
//
//   java tests/vectors/VectorsText.java text|regex [COUNT] > tests/vectors/KIND.txt
//
// Fields are separated by tabs; \n \r \t \\ are escaped. `!` is a failure.
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.StringJoiner;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class VectorsText {
  static final Random random = new Random(11);
  static final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);

  static void line(Object... fields) {
    StringJoiner joiner = new StringJoiner("\t");
    for (Object f : fields) {
      joiner.add(f.toString().replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
          .replace("\t", "\\t"));
    }
    out.println(joiner);
  }

  static final String[] PIECES = {"a", "b", "Z", "é", "É", "ß", "ŉ", "ΐ", "Σ", "ς", "Α", "α", "İ",
      "ı", "ﬁ", "ﬃ", "Ǆ", "ǅ", "ᾀ", "ᾈ", "ῼ", "中", "\ue000", "\uffee", "😀", "𐐀", "𐐨", "𝒜", " ",
      "_", "%", "\n", "\u2028", "\u0085", "\t", "0", "٣", "-", "'", "\u0301", "ʰ", "ⓐ", "Ⅷ", "ა",
      "Ა"};
  static final String[] FEW = {"a", "b", "ab", "_", "%", "\n", "é", "😀", "\r", "\\", "\u2029"};

  static String text(String[] pieces, int max) {
    StringBuilder b = new StringBuilder();
    for (int n = random.nextInt(max + 1); n > 0; n--) {
      b.append(pieces[random.nextInt(pieces.length)]);
    }
    return b.toString();
  }

  static String utf8(String s) {
    return new String(s.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
  }

  static void strings() {
    String s = text(PIECES, 8);
    int to = random.nextInt(s.length() + 1);
    int from = random.nextInt(to + 1);
    line("case", s, s.toUpperCase(Locale.ROOT), s.toLowerCase(Locale.ROOT), s.length());
    line("sub", s, from, to, utf8(s.substring(from, to)));
    String other = random.nextBoolean() ? s.substring(0, s.offsetByCodePoints(0,
        random.nextInt(s.codePointCount(0, s.length()) + 1))) + text(PIECES, 2) : text(PIECES, 3);
    line("cmp", s, other, Integer.signum(s.compareTo(other)), s.equalsIgnoreCase(other) ? 1 : 0);
    String swapped = random.nextBoolean() ? s.toUpperCase(Locale.ROOT) : s.toLowerCase(Locale.ROOT);
    line("cmp", s, swapped, Integer.signum(s.compareTo(swapped)),
        s.equalsIgnoreCase(swapped) ? 1 : 0);
  }

  static String hex(byte[] bytes) {
    StringBuilder b = new StringBuilder();
    for (byte x : bytes) {
      b.append(String.format("%02x", x));
    }
    return b.toString();
  }

  static void bytes() {
    byte[] bytes = text(PIECES, 5).getBytes(StandardCharsets.UTF_8);
    byte[] odd = {(byte) 0xc0, (byte) 0x80, (byte) 0xed, (byte) 0xa0, (byte) 0xf0, (byte) 0xf4,
        (byte) 0x90, (byte) 0xe0, (byte) 0xf5, 'x', (byte) 0xbf, (byte) 0xe2};
    for (int i = 0; i < bytes.length; i++) {
      if (random.nextInt(4) == 0) {
        bytes[i] = odd[random.nextInt(odd.length)];
      }
    }
    line("repair", hex(bytes), hex(new String(bytes, StandardCharsets.UTF_8)
        .getBytes(StandardCharsets.UTF_8)));
    String coded = Base64.getEncoder().encodeToString(bytes);
    line("base64", coded, hex(bytes));
    StringBuilder broken = new StringBuilder(coded);
    for (int i = 0; i < 2; i++) {
      switch (random.nextInt(4)) {
        case 0 -> broken.insert(random.nextInt(broken.length() + 1), "=-A\n".charAt(
            random.nextInt(4)));
        case 1 -> broken.setLength(Math.max(0, broken.length() - 1));
        default -> { }
      }
    }
    String decoded;
    try {
      decoded = hex(Base64.getDecoder().decode(broken.toString()));
    } catch (IllegalArgumentException e) {
      decoded = "!";
    }
    line("base64", broken, decoded);
  }

  static void like() {
    String s = text(FEW, 7);
    String pattern = text(FEW, 5);
    boolean escapes = random.nextInt(3) == 0;
    StringBuilder regex = new StringBuilder();
    boolean escaped = false;
    for (int c : pattern.codePoints().toArray()) {
      if (escapes && !escaped && c == '\\') {
        escaped = true;
      } else {
        regex.append(!escaped && c == '%' ? ".*" : !escaped && c == '_' ? "."
            : Pattern.quote(Character.toString(c)));
        escaped = false;
      }
    }
    line("like", s, pattern, escapes ? "\\" : "", escaped ? "!"
        : Pattern.compile(regex.toString()).matcher(s).matches() ? 1 : 0);
  }

  static final String[] REGEX_PIECES = {"a", "b", ".", "x", "[ab]", "[^a]", "\\d", "\\w", "\\s",
      "(a)", "(b|a)", "(?<n>x)", "(?:ab)", "^", "$", "\\b", "\\h", "é", "\\p{L}", "\\p{Lu}", "\\S",
      "\\p{IsAlphabetic}", "\\p{javaLowerCase}", "[a-z&&[^b]]", "[\\w&&[^\\d]]", "\\Qa.b\\E", "\\R",
      "\\p{Alpha}", "\\p{Punct}", "\\x41", "\\u0061", "\\1", "\\k<n>", "(?i)", "(?=a)", "(?<=a)",
      "(?!b)", "\\.", "\\D", "\\W", "\\v", "\\z", "\\Z", "\\A", "[a[bx]]", "\\p{IsLatin}", "\\P{L}",
      "\\p{InGreek}", "\\p{IsGreek}", "|", "\\t", "[\\]\\-]", "\\cA", "\\e", "\\0101", "\\x{1F600}",
      "(?s)", "(?m)", "(?x) ", "\\p{L1}", "\\p{ASCII}", "\\H", "\\V",
      "[", "(", ")", "*", "{", "}", "]", "\\y", "(?<a>", "[b-a]", "a{2,1}", "\\X", "(?>a|ab)"};
  static final String[] QUANTIFIERS = {"", "", "", "", "*", "+", "?", "*?", "++", "{2}", "{1,2}",
      "{1,}", "??", "*+"};
  static final String[] REGEX_TEXT = {"a", "b", "ab", "x", "A", "é", "É", "1", " ", "\n", "😀", "-",
      ".", "_", "\r\n", "\u0085", "\u2028", "α", "Ω", "\u00a0", "]", "\u0001", "٣"};

  static void regexes() {
    StringBuilder pattern = new StringBuilder();
    for (int n = 1 + random.nextInt(4); n > 0; n--) {
      pattern.append(REGEX_PIECES[random.nextInt(REGEX_PIECES.length)]);
      pattern.append(QUANTIFIERS[random.nextInt(QUANTIFIERS.length)]);
    }
    regex(pattern.toString(), text(REGEX_TEXT, 8), null);
  }

  static void regex(String pattern, String text, String replacement) {
    Pattern p;
    try {
      p = Pattern.compile(pattern);
    } catch (RuntimeException e) {
      line("find", pattern, text, "!");
      return;
    }
    Matcher m = p.matcher(text);
    List<String> found = new ArrayList<>();
    while (m.find()) {
      if (m.start() > 0 && m.start() < text.length()
          && Character.isSurrogatePair(text.charAt(m.start() - 1), text.charAt(m.start()))) {
        return; // inside a character, which UTF-8 does not have
      }
      StringBuilder b = new StringBuilder();
      for (int g = 0; g <= m.groupCount(); g++) {
        b.append(g == 0 ? "" : ",").append(m.start(g)).append(":").append(m.end(g));
      }
      found.add(b.toString());
    }
    line("find", pattern, text, p.matcher(text).matches() ? 1 : 0, String.join(" ", found));
    String[] replacements = {"$0", "<$1>", "\\$x\\\\", "${n}", "$", "\\", "$12", "", "é$0é", "${q}",
        "$a", "${1}"};
    String r = replacement != null ? replacement
        : replacements[random.nextInt(replacements.length)];
    String replaced;
    try {
      replaced = "=" + text.replaceAll(pattern, r);
    } catch (RuntimeException e) {
      replaced = "!";
    }
    line("replace", pattern, text, r, replaced);
  }

  public static void main(String[] args) {
    int count = args.length > 1 ? Integer.parseInt(args[1]) : 60;
    for (int i = 0; i < count; i++) {
      if (args[0].equals("text")) {
        strings();
        bytes();
        like();
        like();
        like();
      } else {
        for (int k = 0; k < 4; k++) {
          regexes();
        }
      }
    }
    if (args[0].equals("text")) {
      for (String s : new String[] {"  hello  world", "ßa ǆb", "ΑΣ ΑΣ. ΣΑΣ", "élan VITAL", "😀a b",
          "a\tb\nc", "", " ", "𐐨x"}) {
        StringBuilder b = new StringBuilder();
        Matcher m = Pattern.compile("[^\\s]+\\s*").matcher(s.toLowerCase(Locale.ROOT));
        while (m.find()) {
          String part = m.group();
          b.append(part.substring(0, 1).toUpperCase(Locale.ROOT)).append(part.substring(1));
        }
        line("initcap", s, b);
      }
    }
    out.flush();
  }
}
