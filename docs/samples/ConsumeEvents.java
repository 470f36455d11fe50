// Follows one topic of Einklang with the plain Java client and prints a line per event.
//
//   java -cp 'kafka-clients.jar:slf4j-api.jar' ConsumeEvents.java localhost:9092 einklang.orders.events my-group
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.StringDeserializer;

public class ConsumeEvents {
  public static void main(String[] arguments) {
    Map<String, Object> settings = Map.of(
        "bootstrap.servers", arguments[0],
        "group.id", arguments[2],
        "auto.offset.reset", "earliest");
    // Keep this where the effect of the events is kept, in the same transaction: then a repeat has no second effect.
    Map<Integer, Long> lastPosition = new HashMap<>();
    // UTF-8, whatever the terminal is set to.
    var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
      consumer.subscribe(List.of(arguments[1]));
      while (true) {
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(1))) {
          long position = Long.parseLong(header(record, "ce_position"));
          if (position <= lastPosition.getOrDefault(record.partition(), 0L)) continue; // It came before.
          out.println(String.join(" ", Long.toString(position), header(record, "ce_subject"),
              header(record, "ce_revision"), header(record, "ce_type"), record.value()));
          lastPosition.put(record.partition(), position);
        }
      }
    }
  }

  private static String header(ConsumerRecord<String, String> record, String name) {
    return new String(record.headers().lastHeader(name).value(), StandardCharsets.UTF_8);
  }
}
