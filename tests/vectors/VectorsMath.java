// Writes math.txt: java.lang.Math and java.math of a JDK 17.
//
//   java tests/vectors/VectorsMath.java [COUNT] > tests/vectors/math.txt
//
// Fields are separated by tabs: function, first argument, second argument (may be empty), result.
// decROUND and the like are over DECIMAL(12, 6).
import java.io.PrintStream;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Random;

public class VectorsMath {
  static final Random random = new Random(7);
  static final PrintStream out = System.out;

  static void line(Object... fields) {
    StringBuilder b = new StringBuilder();
    for (Object f : fields) {
      b.append(b.length() > 0 ? "\t" : "").append(f);
    }
    out.println(b);
  }

  static double number() {
    switch (random.nextInt(6)) {
      case 0: return random.nextInt(2001) / 1000.0 - 1;
      case 1: return random.nextInt(41) - 20;
      case 2: return (random.nextInt(400001) - 200000) / 1000.0;
      case 3: return random.nextInt(2000) / 2.0 - 500;
      case 4: return random.nextGaussian() * 10;
      default: return random.nextGaussian() * Math.pow(10, random.nextInt(20) - 4);
    }
  }

  static double round(double v, int places) {
    BigDecimal d = BigDecimal.valueOf(v);
    return d.setScale(places, v > 0 ? RoundingMode.HALF_UP : RoundingMode.HALF_DOWN).doubleValue();
  }

  static double unary(String name, double x) {
    switch (name) {
      case "SIN": return Math.sin(x);
      case "COS": return Math.cos(x);
      case "TAN": return Math.tan(x);
      case "ASIN": return Math.asin(x);
      case "ACOS": return Math.acos(x);
      case "ATAN": return Math.atan(x);
      case "SINH": return Math.sinh(x);
      case "COSH": return Math.cosh(x);
      case "TANH": return Math.tanh(x);
      case "EXP": return Math.exp(x);
      case "LN": return Math.log(x);
      case "CBRT": return Math.cbrt(x);
      case "SQRT": return Math.sqrt(x);
      case "DEGREES": return Math.toDegrees(x);
      case "RADIANS": return Math.toRadians(x);
      case "CEIL": return Math.ceil(x);
      default: return Math.floor(x);
    }
  }

  public static void main(String[] args) {
    int count = args.length > 0 ? Integer.parseInt(args[0]) : 20;
    String[] names = {"SIN", "COS", "TAN", "ASIN", "ACOS", "ATAN", "SINH", "COSH", "TANH", "EXP",
        "LN", "CBRT", "SQRT", "DEGREES", "RADIANS", "CEIL", "FLOOR"};
    for (int i = 0; i < count; i++) {
      for (String name : names) {
        double x = number();
        line(name, x, "", unary(name, x));
      }
    }
    for (int i = 0; i < count * 10; i++) {
      double x = number();
      int places = random.nextInt(12) - 4;
      line("ROUND", x, places, round(x, places));
      line("TRUNC", x, places,
          BigDecimal.valueOf(x).setScale(places, RoundingMode.DOWN).doubleValue());
      BigDecimal d = BigDecimal.valueOf(random.nextInt(2000000) - 1000000, 6 - random.nextInt(5))
          .setScale(6);
      places = random.nextInt(10) - 3;
      RoundingMode mode = d.signum() > 0 ? RoundingMode.HALF_UP : RoundingMode.HALF_DOWN;
      line("decROUND", d.toPlainString(), places,
          d.setScale(places, mode).setScale(6).toPlainString());
      line("decTRUNC", d.toPlainString(), places,
          d.setScale(places, RoundingMode.DOWN).setScale(6).toPlainString());
      line("decCEIL", d.toPlainString(), "",
          d.setScale(0, RoundingMode.CEILING).setScale(6).toPlainString());
      line("decFLOOR", d.toPlainString(), "",
          d.setScale(0, RoundingMode.FLOOR).setScale(6).toPlainString());
    }
    for (int i = 0; i < count * 4; i++) {
      double x = random.nextInt(4000) / 2.0 - 1000;
      line("ROUND", x, "", Math.round(x));
      line("TRUNC", x, "", (long) x);
    }
  }
}
