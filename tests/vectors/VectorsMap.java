// Writes hashmap.txt: the order of java.util.HashMap of a JDK 17, made with room for its entries.
//
//   java tests/vectors/VectorsMap.java [COUNT] > tests/vectors/hashmap.txt
//
// Fields are separated by tabs: the keys, first as they were put, then as they come out; keys are
// separated by spaces.
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

public class VectorsMap {
  public static void main(String[] args) {
    int count = args.length > 0 ? Integer.parseInt(args[0]) : 60;
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    Random random = new Random(13);
    String[] syllables = {"a", "b", "key", "Z", "ü", "€", "x1", "-", "the", "0", "_", "𝄞"};
    for (int i = 0; i < count; i++) {
      Set<String> keys = new LinkedHashSet<>();
      int n = 1 + i % 30;
      while (keys.size() < n) {
        StringBuilder b = new StringBuilder();
        for (int k = 1 + random.nextInt(5); k > 0; k--) {
          b.append(syllables[random.nextInt(syllables.length)]);
        }
        keys.add(b.toString());
      }
      Map<String, Integer> map = new HashMap<>(n);
      for (String key : keys) {
        map.put(key, 1);
      }
      List<String> order = new ArrayList<>(map.keySet());
      out.println(String.join(" ", keys) + "\t" + String.join(" ", order));
    }
    out.flush();
  }
}
