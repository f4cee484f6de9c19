package colabfs.agent;

import colabfs.remote.RuntimeId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads what the helper says of itself in the handshake. */
final class Welcome {
  private static final int MOST_FACTS = 64;
  private static final Pattern MACHINE_ID = Pattern.compile("[0-9a-f]{32}");
  private static final Pattern BOOT_ID = Pattern.compile("[0-9a-f-]{36}");

  private Welcome() {}

  static AgentStatus read(ByteBuffer payload) throws ProtocolException {
    long version = Fields.readUnsigned(payload);
    if (version != Protocol.VERSION) {
      throw new ProtocolException("it speaks version " + version + " of the protocol");
    }
    Map<String, String> facts = new HashMap<>();
    while (payload.hasRemaining() && facts.size() < MOST_FACTS) {
      String key = text(payload);
      facts.put(key, text(payload));
    }
    Fields.requireEnd(payload);
    return new AgentStatus(
        true,
        "",
        Fields.printable(facts.getOrDefault("python", "")),
        number(facts, "pid", 10),
        (int) number(facts, "umask", 8) & 0777,
        new RuntimeId(
            matching(facts.get("machine"), MACHINE_ID), matching(facts.get("boot"), BOOT_ID), null),
        Fields.printable(facts.getOrDefault("root", "")),
        0,
        number(facts, "watches", 10),
        Set.copyOf(List.of(Fields.printable(facts.getOrDefault("capabilities", "")).split(" "))));
  }

  private static String text(ByteBuffer in) throws ProtocolException {
    return new String(Fields.readText(in), StandardCharsets.UTF_8);
  }

  private static @Nullable String matching(@Nullable String text, Pattern pattern) {
    return text != null && pattern.matcher(text).matches() ? text : null;
  }

  private static long number(Map<String, String> facts, String key, int radix)
      throws ProtocolException {
    try {
      return Long.parseLong(facts.getOrDefault(key, "0"), radix);
    } catch (NumberFormatException e) {
      throw new ProtocolException("no number: " + key);
    }
  }
}
