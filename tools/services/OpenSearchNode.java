// One node on loopback, for tests: OpenSearchNode HOME PORT. OpenSearch's own program insists on a
// distribution's folders, and does not run as root.
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.index.mapper.MapperExtrasPlugin;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.transport.Netty4Plugin;

public class OpenSearchNode extends Node {
    OpenSearchNode(Environment environment) {
        super(environment, List.of(Netty4Plugin.class, MapperExtrasPlugin.class), false);
    }

    static Settings settings(Path home, int port) {
        return Settings.builder()
            .put("path.home", home.toString())
            .put("path.data", home.resolve("data").toString())
            .put("cluster.name", "weir-test")
            .put("node.name", "n1")
            .put("discovery.type", "single-node")
            .put("network.host", "127.0.0.1")
            .put("http.port", port)
            .put("transport.port", port + 1)
            .put("http.type", "netty4")
            .put("transport.type", "netty4")
            .put("node.processors", 2)
            // indices of tests are small and many: replicas have no place, a full disk does not matter
            .put("cluster.routing.allocation.disk.threshold_enabled", false)
            .put("cluster.max_shards_per_node", 10000)
            .build();
    }

    public static void main(String[] arguments) throws Exception {
        Path home = Path.of(arguments[0]).toAbsolutePath();
        for (String folder : List.of("config", "modules", "plugins")) {
            Files.createDirectories(home.resolve(folder));
        }
        Settings settings = settings(home, Integer.parseInt(arguments[1]));
        Environment environment = InternalSettingsPreparer.prepareEnvironment(
            settings, Map.of(), home.resolve("config"), () -> "n1");
        OpenSearchNode node = new OpenSearchNode(environment);
        node.start();
        System.out.println("started");
        if (arguments.length > 2) { // a run that only loads classes
            node.close();
            System.exit(0);
        }
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                node.close();
            } catch (Exception e) {
                System.err.println(e);
            }
        }));
        Thread.currentThread().join();
    }
}
