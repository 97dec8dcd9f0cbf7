// Writes calendar.txt: what SimpleDateFormat of a JDK 17, lenient and in GMT, makes of dates.
//
//   java tests/vectors/VectorsCalendar.java [COUNT] > tests/vectors/calendar.txt
//
// Fields are separated by tabs: text, pattern, days since 1970-01-01.
import java.text.ParsePosition;
import java.text.SimpleDateFormat;
import java.util.Date;
import java.util.Locale;
import java.util.Random;
import java.util.TimeZone;

public class VectorsCalendar {
  static final Random random = new Random(11);

  static String text(String pattern) {
    StringBuilder b = new StringBuilder();
    for (int i = 0; i < pattern.length();) {
      char c = pattern.charAt(i);
      int n = 0;
      while (i < pattern.length() && pattern.charAt(i) == c) {
        n++;
        i++;
      }
      switch (c) {
        case 'y': b.append(String.format("%04d", 1 + random.nextInt(random.nextBoolean() ? 9998 : 2100))); break;
        case 'M':
          b.append(n < 3 ? String.format("%02d", random.nextInt(16))
              : new String[] {"Jan", "february", "MAR", "December", "Sep", "may"}[random.nextInt(6)]);
          break;
        case 'd': b.append(String.format("%02d", random.nextInt(40))); break;
        case 'D': b.append(String.format("%03d", random.nextInt(500))); break;
        case 'E': b.append(new String[] {"Mon", "Sunday", "sat", "WED"}[random.nextInt(4)]); break;
        case 'G': b.append(random.nextBoolean() ? "AD" : "BC"); break;
        default: b.append(String.valueOf(c).repeat(n));
      }
    }
    return b.toString();
  }

  public static void main(String[] args) {
    int count = args.length > 0 ? Integer.parseInt(args[0]) : 45;
    String[] patterns = {"yyyy-MM-dd", "dd/MM/yyyy", "yyyy-DDD", "MMM d yyyy", "yyyyMMdd", "yyyy",
        "MM/yyyy", "E, d MMM yyyy", "DDD dd MM yyyy", "dd DDD yyyy", "yyyy-MM-dd G", "dd"};
    for (int i = 0; i < count; i++) {
      for (String p : patterns) {
        SimpleDateFormat f = new SimpleDateFormat(p, Locale.US);
        f.setTimeZone(TimeZone.getTimeZone("GMT"));
        String text = text(p);
        Date d = f.parse(text, new ParsePosition(0));
        if (d != null && d.getTime() % 86400000L == 0) {
          System.out.println(text + "\t" + p + "\t" + d.getTime() / 86400000L);
        }
      }
    }
  }
}
