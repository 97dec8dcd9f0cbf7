// Writes the files of this folder: what a JDK 17 does, for the unit tests of engine/data.
//
//   java tests/vectors/Vectors.java KIND [COUNT] > tests/vectors/KIND.txt
//
// KIND is decimal or number here; the other generators are in VectorsTime.java and VectorsText.java.
// The sequence is fixed, so a longer run begins with the lines of a shorter one. `!` is a failure.
import java.io.PrintStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Random;

public class Vectors {
  static final Random random = new Random(7);
  static final PrintStream out = new PrintStream(System.out, false);

  interface Job {
    BigDecimal run();
  }

  static String attempt(Job job) {
    try {
      return job.run().toPlainString();
    } catch (ArithmeticException | NumberFormatException e) {
      return "!";
    }
  }

  static int[] type() {
    int p = switch (random.nextInt(5)) {
      case 0 -> 1 + random.nextInt(5);
      case 1, 2 -> 1 + random.nextInt(18);
      case 3 -> 19 + random.nextInt(20);
      default -> 39 + random.nextInt(30);
    };
    return new int[] {p, random.nextInt(p + 1)};
  }

  static BigDecimal value(int[] t) {
    int digits = random.nextInt(4) == 0 ? t[0] : random.nextInt(t[0] + 1);
    StringBuilder text = new StringBuilder("0");
    boolean nines = random.nextInt(10) == 0;
    for (int i = 0; i < digits; i++) {
      text.append((char) ('0' + (nines ? 9 : random.nextInt(10))));
    }
    BigInteger unscaled = new BigInteger(text.toString());
    return new BigDecimal(random.nextInt(3) == 0 ? unscaled.negate() : unscaled, t[1]);
  }

  static void checkRange(BigDecimal v, int p, int s) {
    if (BigDecimal.TEN.pow(p - s).compareTo(v.abs()) < 1) {
      throw new ArithmeticException();
    }
  }

  static void operators() {
    int[] x = type();
    int[] y = type();
    BigDecimal a = value(x);
    BigDecimal b = value(y);
    String op = "+-*/%".substring(random.nextInt(5)).substring(0, 1);
    if (op.equals("/") && random.nextBoolean()) {
      b = new BigDecimal(new BigInteger("2").pow(random.nextInt(4)), y[1]);
    }
    int s = Math.max(x[1], y[1]);
    int p = Math.max(x[0] - x[1], y[0] - y[1]) + s + 1;
    if (op.equals("*")) {
      p = x[0] + y[0] + 1;
      s = x[1] + y[1];
    } else if (op.equals("/")) {
      s = Math.max(6, x[1] + y[0] + 1);
      p = x[0] - x[1] + y[1] + s;
    } else if (op.equals("%")) {
      p = Math.min(x[0] - x[1], y[0] - y[1]) + s;
    }
    MathContext mc = new MathContext(p, RoundingMode.UNNECESSARY);
    BigDecimal l = a;
    BigDecimal r = b;
    int scale = s;
    String result = attempt(() -> (switch (op) {
      case "+" -> l.add(r, mc);
      case "-" -> l.subtract(r, mc);
      case "*" -> l.multiply(r, mc);
      case "/" -> l.divide(r, mc);
      default -> l.remainder(r, mc);
    }).setScale(scale));
    out.println(op + " " + x[0] + " " + x[1] + " " + a.toPlainString() + " " + y[0] + " " + y[1]
        + " " + b.toPlainString() + " " + p + " " + s + " " + result);
    out.println("? " + x[0] + " " + x[1] + " " + a.toPlainString() + " " + y[0] + " " + y[1] + " "
        + b.toPlainString() + " " + a.compareTo(b));
  }

  static void cast() {
    int[] from = type();
    int[] to = type();
    BigDecimal a = value(from);
    out.println("cast " + from[0] + " " + from[1] + " " + a.toPlainString() + " " + to[0] + " "
        + to[1] + " " + attempt(() -> {
          checkRange(a, to[0], to[1]);
          return a.setScale(to[1], RoundingMode.HALF_UP);
        }));
  }

  static void round() {
    int[] t = type();
    BigDecimal a = value(t);
    int places = random.nextInt(t[0] + 4) - (t[0] - t[1]) - 2;
    RoundingMode[] modes = {RoundingMode.HALF_UP, null, RoundingMode.DOWN, RoundingMode.FLOOR,
        RoundingMode.CEILING};
    int mode = random.nextInt(modes.length);
    RoundingMode m = modes[mode] != null ? modes[mode]
        : a.signum() > 0 ? RoundingMode.HALF_UP : RoundingMode.HALF_DOWN;
    BigDecimal r = a.setScale(places, m).setScale(Math.max(places, t[1]));
    if (places < t[1] && r.precision() <= Math.max(t[0], 38)) {
      out.println("round " + t[0] + " " + t[1] + " " + a.toPlainString() + " " + places + " "
          + (mode + 1) + " " + r.setScale(t[1]).toPlainString());
    }
  }

  static void parse() {
    int[] t = type();
    String text = random.nextInt(3) == 0 ? value(type()).toString() : value(t).toPlainString();
    switch (random.nextInt(8)) {
      case 0 -> text += "E" + (random.nextInt(80) - 40);
      case 1 -> text += "e+" + random.nextInt(5);
      case 2 -> text = "+" + text;
      case 3 -> text = text.replace("0.", ".");
      case 4 -> text += random.nextBoolean() ? "000" : ".";
      default -> { }
    }
    boolean exact = random.nextBoolean();
    String s = text;
    out.println("parse " + t[0] + " " + t[1] + " " + text + " " + (exact ? 0 : 1) + " "
        + attempt(() -> {
          BigDecimal v = new BigDecimal(s);
          checkRange(v, t[0], t[1]);
          return v.setScale(t[1], exact ? RoundingMode.UNNECESSARY : RoundingMode.HALF_UP);
        }));
  }

  static void doubles() {
    int[] t = type();
    double d = switch (random.nextInt(4)) {
      case 0 -> random.nextInt(1000000) / 100.0;
      case 1 -> value(t).doubleValue();
      case 2 -> random.nextGaussian() * Math.pow(10, random.nextInt(40) - 20);
      default -> random.nextInt(2000) / 32.0;
    };
    out.println("double " + t[0] + " " + t[1] + " " + Long.toHexString(Double.doubleToLongBits(d))
        + " " + attempt(() -> {
          BigDecimal v = new BigDecimal(d, new MathContext(t[0]));
          checkRange(v, t[0], t[1]);
          return v.setScale(t[1], RoundingMode.HALF_UP);
        }));
    BigDecimal v = value(t);
    StringBuilder hex = new StringBuilder();
    for (byte b : v.unscaledValue().toByteArray()) {
      hex.append(String.format("%02x", b));
    }
    out.println("to " + t[0] + " " + t[1] + " " + v.toPlainString() + " "
        + Long.toHexString(Double.doubleToLongBits(v.doubleValue())) + " " + v.longValue() + " "
        + hex);
  }

  static void decimals(int count) {
    for (int i = 0; i < count; i++) {
      operators();
      cast();
      round();
      parse();
      doubles();
    }
  }

  // Whether fewer digits than Double.toString printed would do: later JDKs print those.
  static boolean shortest(double d) {
    int digits = new BigDecimal(Double.toString(Math.abs(d))).unscaledValue().toString().length();
    BigDecimal exact = new BigDecimal(d);
    int least = Math.abs(d) < 1e-300 ? 2 : 1;
    return digits <= least
        || exact.round(new MathContext(digits - 1, RoundingMode.HALF_EVEN)).doubleValue() != d;
  }

  static double anyDouble() {
    return switch (random.nextInt(7)) {
      case 0 -> Double.longBitsToDouble(random.nextLong());
      case 1 -> random.nextInt(1000000) / 100.0;
      case 2 -> random.nextGaussian() * 1e5;
      case 3 -> random.nextInt(100000000) / 1e6 * Math.pow(10, random.nextInt(8) - 4);
      case 4 -> random.nextLong();
      case 5 -> Math.pow(10, random.nextInt(600) - 300) * random.nextInt(100);
      default -> random.nextInt();
    };
  }

  static void numbers(int count) {
    for (int i = 0; i < count; i++) {
      double d = anyDouble();
      if (!Double.isNaN(d) && (Double.isInfinite(d) || shortest(d))) {
        out.println("text " + Long.toHexString(Double.doubleToLongBits(d)) + " " + d + " "
            + (int) d + " " + (long) d + " " + Math.round(d));
      }
      double r = random.nextInt(100000) / 1000.0 * (random.nextInt(3) - 1);
      int places = random.nextInt(8) - 3;
      BigDecimal v = BigDecimal.valueOf(r).setScale(places,
          r > 0 ? RoundingMode.HALF_UP : RoundingMode.HALF_DOWN);
      out.println("round " + Long.toHexString(Double.doubleToLongBits(r)) + " " + places + " "
          + Long.toHexString(Double.doubleToLongBits(v.doubleValue())));
    }
    String[] texts = {"1", "-0x1.8p1", "1.", "1e5", "1e-400", "1e400", "0e99999999", "0x.p1", ".5f",
        "5.D", "1_0", "+-1", "e5", ".", "NaN", "-Infinity", "+NaN", "4.9e-324", "2.4e-324",
        "123456789012345678901234567890", "infinity", "1e", "1e+", "0x10", "0x1P-3f", "-0",
        "1.7976931348623159e308", "9007199254740993", "1d5", "--1", "0x", "0x1.p", "1e22", "1e23",
        "8.5e-22", "123456789012345e-22", "0.000000000000000000000000000001"};
    for (String s : texts) {
      String bits;
      try {
        bits = Long.toHexString(Double.doubleToLongBits(Double.parseDouble(s)));
      } catch (NumberFormatException e) {
        bits = "!";
      }
      out.println("parse " + s + " " + bits);
    }
  }

  public static void main(String[] args) {
    int count = args.length > 1 ? Integer.parseInt(args[1]) : 90;
    if (args[0].equals("decimal")) {
      decimals(count);
    } else if (args[0].equals("number")) {
      numbers(count * 5);
    } else {
      throw new IllegalArgumentException(args[0]);
    }
    out.flush();
  }
}
