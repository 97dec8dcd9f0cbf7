// Writes datetime.txt and tz.txt: java.time of a JDK 17.
//
//   java tests/vectors/VectorsTime.java datetime|tz [COUNT] > tests/vectors/KIND.txt
//
// Fields are separated by tabs. `!` is a failure, `!!` a pattern that is refused.
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.time.temporal.TemporalAccessor;
import java.time.temporal.TemporalQueries;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Random;

public class VectorsTime {
  static final Random random = new Random(5);
  static final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);

  static void line(Object... fields) {
    StringBuilder b = new StringBuilder();
    for (Object f : fields) {
      b.append(b.length() > 0 ? "\t" : "").append(f);
    }
    out.println(b);
  }

  static <T> T pick(T[] items) {
    return items[random.nextInt(items.length)];
  }

  static final String[] ZONES = {"UTC", "Z", "+01:00", "-03:30", "GMT+05:30", "America/New_York",
      "America/Los_Angeles", "Europe/London", "Europe/Dublin", "Asia/Kolkata", "Australia/Sydney",
      "America/Sao_Paulo", "Asia/Tokyo", "Australia/Lord_Howe", "UTC-02:00",
      "Europe/Paris", "Etc/GMT+5", "Pacific/Apia", "GMT", "America/Halifax"};
  static final String[] PARTS = {"yyyy", "yy", "y", "uuuu", "uu", "M", "MM", "MMM", "MMMM", "d", "dd",
      "D", "DDD", "E", "EEE", "EEEE", "e", "a", "h", "hh", "H", "HH", "k", "kk", "K", "KK", "m", "mm",
      "s", "ss", "S", "SSS", "SSSSSS", "A", "n", "N", "z", "zzzz", "O", "OOOO", "X", "XX", "XXX",
      "XXXX", "XXXXX", "x", "xx", "xxx", "Z", "ZZZZ", "ZZZZZ", "VV", "G", "GGGG", "Q", "QQ", "QQQ",
      "QQQQ", "w", "ww", "W", "YYYY", "'at'", "''", " ", "-", ":", ".", "/", "T", "ppH", "pppM",
      "MMMMM", "EEEEE", "GGGGG", "L", "LLL", "F", "g", "v", "vvvv", "ccc", "'o''clock'", "[", "]"};
  static final String[] COMMON = {"yyyy-MM-dd'T'HH:mm:ssX", "yyyy-MM-dd HH:mm:ss.SSS", "yyyyMMdd",
      "yyyy-MM-dd HH:mm:ss zzz", "dd/MM/yyyy", "EEE, d MMM yyyy HH:mm:ss Z", "yyyy-MM-dd", "yyyy-DDD",
      "yyyy-MM-dd[ HH:mm[:ss]]", "HHmmss", "HH:mm:ss.SSSSSS", "hh:mm a", "yyyyMMddHHmmssSSS", "HH",
      "MM/yyyy", "yyyy", "d-MMM-yy", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "yyyy-MM-dd'T'HH:mm:ss'Z'",
      "YYYY-ww-e", "EEEE", "mm:ss", "h a", "D", "MMM d", "yyyy-MM-dd VV", "uuuuMMdd'T'HHmm",
      "yyyy-MM-dd h:mm:ss a", "yyyy-MM-dd HH:mm O", "[yyyy-MM-dd][dd.MM.yyyy]", "A", "yyyy-Q",
      "yy-M-d H:m:s", "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]"};

  static String pattern() {
    if (random.nextInt(3) > 0) {
      return pick(COMMON);
    }
    StringBuilder b = new StringBuilder();
    for (int n = 1 + random.nextInt(6); n > 0; n--) {
      b.append(pick(PARTS));
    }
    return b.toString();
  }

  static long instant() {
    return switch (random.nextInt(5)) {
      case 0 -> random.nextInt(2000000000) * 1000L + random.nextInt(1000);
      case 1 -> random.nextInt() * 4000L;
      case 2 -> random.nextInt(60) * 86400000L * 365;
      case 3 -> 1636264800000L + random.nextInt(8) * 1800000L;
      default -> 1600000000000L + random.nextInt(100000000) * 1000L;
    };
  }

  static DateTimeFormatter formatter(String pattern, Locale locale) {
    return new DateTimeFormatterBuilder().parseCaseInsensitive().appendPattern(pattern)
        .toFormatter(locale);
  }

  interface Job {
    Object run();
  }

  static String attempt(Job job) {
    try {
      return job.run().toString();
    } catch (RuntimeException e) {
      return "!";
    }
  }

  // Missing fields are those of 1970-01-01T00:00; known ones are set from the longest unit down.
  static long timestamp(DateTimeFormatter f, String text, ZoneId zone) {
    TemporalAccessor parsed = f.parse(text);
    ZoneId own = parsed.query(TemporalQueries.zone());
    ZonedDateTime t = LocalDateTime.of(1970, 1, 1, 0, 0).atZone(own != null ? own : zone);
    List<ChronoField> fields = new ArrayList<>(List.of(ChronoField.values()));
    fields.sort(Comparator.comparing((ChronoField x) -> x.getBaseUnit().getDuration()).reversed());
    for (ChronoField field : fields) {
      if (parsed.isSupported(field)) {
        long value = parsed.getLong(field);
        if (field == ChronoField.DAY_OF_YEAR && value == 366) {
          if (!parsed.isSupported(ChronoField.YEAR)) {
            throw new DateTimeException("leap day without a year");
          }
          t = t.withYear(parsed.get(ChronoField.YEAR));
        }
        t = t.with(field, value);
      }
    }
    return t.toInstant().toEpochMilli();
  }

  static long time(DateTimeFormatter f, String text) {
    TemporalAccessor parsed = f.parse(text);
    for (ChronoField field : ChronoField.values()) {
      if (field.isDateBased() && parsed.isSupported(field)) {
        throw new DateTimeException("a date");
      }
    }
    return LocalTime.from(parsed).toNanoOfDay() / 1000000;
  }

  static String damage(String text) {
    StringBuilder b = new StringBuilder(text);
    for (int n = random.nextInt(3); n > 0 && b.length() > 0; n--) {
      int at = random.nextInt(b.length());
      switch (random.nextInt(4)) {
        case 0 -> b.setCharAt(at, "0129 +-:aZ".charAt(random.nextInt(10)));
        case 1 -> b.deleteCharAt(at);
        case 2 -> b.insert(at, random.nextInt(10));
        default -> b.setCharAt(at, Character.toLowerCase(b.charAt(at)));
      }
    }
    return b.toString();
  }

  static void patterns() {
    String pattern = pattern();
    boolean root = random.nextBoolean();
    Locale locale = root ? Locale.ROOT : Locale.ENGLISH;
    DateTimeFormatter f;
    try {
      f = formatter(pattern, locale);
    } catch (RuntimeException e) {
      line("bad", pattern);
      return;
    }
    long ms = instant();
    ZoneId zone = ZoneId.of(pick(ZONES));
    if (!root || !pattern.matches(".*[zv].*")) {
      line("format", root ? 0 : 1, pattern, ms, zone.getId(),
          attempt(() -> "=" + Instant.ofEpochMilli(ms).atZone(zone).format(f)));
      line("fdate", root ? 0 : 1, pattern, Math.floorDiv(ms, 86400000L),
          attempt(() -> "=" + LocalDate.ofEpochDay(Math.floorDiv(ms, 86400000L)).format(f)));
      line("ftime", root ? 0 : 1, pattern, Math.floorMod(ms, 86400000L), attempt(() -> "="
          + LocalTime.ofNanoOfDay(Math.floorMod(ms, 86400000L) * 1000000).format(f)));
    }
    if (pattern.matches(".*[zv].*")) {
      return; // names are ambiguous, and which zone wins is an accident
    }
    String text = attempt(() -> Instant.ofEpochMilli(ms).atZone(zone).format(f));
    String t = random.nextInt(3) == 0 ? text : damage(text);
    line("parse", root ? 0 : 1, pattern, t, zone.getId(), attempt(() -> timestamp(f, t, zone)));
    line("pdate", root ? 0 : 1, pattern, t, attempt(() -> LocalDate.parse(t, f).toEpochDay()));
    line("ptime", root ? 0 : 1, pattern, t, attempt(() -> time(f, t)));
  }

  static void casts() {
    long ms = instant();
    LocalDateTime t = LocalDateTime.ofEpochSecond(Math.floorDiv(ms, 1000),
        (int) Math.floorMod(ms, 1000L) * 1000000, ZoneOffset.UTC);
    line("date", t.toLocalDate().toEpochDay(), t.toLocalDate());
    String date = damage(t.toLocalDate().toString());
    line("cdate", date, date.split("-").length < 3 ? "-" : attempt(
        () -> LocalDate.parse(date).toEpochDay()));
    String time = damage(t.toLocalTime().toString());
    line("ctime", time, attempt(() -> LocalTime.parse(time).toNanoOfDay() / 1000000));
    DateTimeFormatter f = formatter("yyyy-MM-dd'T'HH:mm:ss.SSS", Locale.ROOT);
    line("stamp", ms, t.format(f));
    String full = damage(t.format(f));
    String zone = random.nextInt(3) == 0 ? pick(new String[] {"+0100", "-02:30", "Z", "+1"}) : "";
    if (full.length() == 23 && full.charAt(10) == 'T' && full.indexOf('+') < 0
        && full.indexOf('-', 11) < 0 && full.indexOf('T', 11) < 0 && full.indexOf('Z') < 0) {
      line("cstamp", full + zone, attempt(
          () -> timestamp(f, full, zone.isEmpty() ? ZoneOffset.UTC : ZoneId.of(zone))));
    }
  }

  // Law changes with every release of the zone data: all zones up to 2025, a few beyond.
  static void zones() {
    String[] ids = ZoneId.getAvailableZoneIds().stream().sorted()
        .filter(x -> x.contains("/") && !x.startsWith("SystemV/")).toArray(String[]::new);
    boolean any = random.nextBoolean();
    String id = any ? pick(ids) : pick(ZONES);
    ZoneId zone = ZoneId.of(id);
    long limit = any ? 1740000000L : 4000000000L;
    long s = (long) (random.nextDouble() * limit);
    Instant instant = Instant.ofEpochSecond(s);
    line("offset", id, s, zone.getRules().getOffset(instant).getTotalSeconds(),
        any ? "-" : zone.getRules().isDaylightSavings(instant) ? 1 : 0);
    var next = zone.getRules().nextTransition(instant);
    long at = next == null || next.toEpochSecond() > limit ? s
        : next.toEpochSecond() + random.nextInt(4 * 3600) - 7200;
    ZoneOffset offset = zone.getRules().getOffset(Instant.ofEpochSecond(at));
    LocalDateTime local = LocalDateTime.ofEpochSecond(at + random.nextInt(3) * 1800, 0, offset);
    line("local", id, local.toEpochSecond(ZoneOffset.UTC), local.atZone(zone).toEpochSecond());
  }

  public static void main(String[] args) {
    int count = args.length > 1 ? Integer.parseInt(args[1]) : 140;
    for (int i = 0; i < count; i++) {
      if (args[0].equals("datetime")) {
        patterns();
        casts();
      } else {
        zones();
        zones();
      }
    }
    if (args[0].equals("tz")) {
      for (String id : new String[] {"PST", "EST", "utc", "GMT0", "+1", "+01", "+0100", "+010", "+1:00",
          "-18:00", "+18:01", "GMT+1", "UTC+01:30:15", "+01:30:15", "+013015", "Z", "UTCx", "UT",
          "../etc/passwd", "Europe", "Europe/", "/UTC", "A", "", "GMT+", "Etc/UTC", "US/Pacific",
          "America/Argentina/Buenos_Aires", "zone.tab", "posix/UTC", "+25:00", "UT-1", "GMT+24"}) {
        line("id", id, attempt(() -> ZoneId.of(id).getId()), attempt(() -> ZoneId.of(id).getRules()
            .getOffset(Instant.ofEpochSecond(1600000000)).getTotalSeconds()));
      }
    }
    out.flush();
  }
}
