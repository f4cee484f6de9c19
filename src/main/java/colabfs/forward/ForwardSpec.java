package colabfs.forward;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * One forward as it is asked for, with ssh's letters.
 *
 * @param bind the address that is listened on, on this machine or, for REMOTE, the runtime
 * @param port that is listened on; 0 for any
 * @param host where connections lead, as seen from the other side; empty for DYNAMIC
 * @param hostPort where connections lead; 0 for DYNAMIC
 */
public record ForwardSpec(Kind kind, String bind, int port, String host, int hostPort) {
  private static final int MAX_PORT = 65_535;

  /** What leads where. */
  public enum Kind {
    /** From this machine to the runtime. */
    LOCAL("-L"),
    /** From the runtime to this machine. */
    REMOTE("-R"),
    /** From this machine to wherever a SOCKS client wants, as the runtime sees it. */
    DYNAMIC("-D");

    private final String flag;

    Kind(String flag) {
      this.flag = flag;
    }

    public String flag() {
      return flag;
    }

    /** The address that is listened on unless another is named: nobody else gets in. */
    String ownBind() {
      return this == REMOTE ? "localhost" : "127.0.0.1";
    }
  }

  /**
   * Reads {@code [BIND:]PORT[:HOST:PORT]}; an IPv6 address stands in brackets, and for DYNAMIC
   * there is no target.
   *
   * @throws IllegalArgumentException when it is none; the message is for the user
   */
  public static ForwardSpec parse(Kind kind, String text) {
    List<String> parts = parts(text);
    int size = parts.size();
    if (kind == Kind.DYNAMIC) {
      if (size > 2) {
        throw wrong(kind, text);
      }
      String bind = size == 2 ? parts.get(0) : kind.ownBind();
      return new ForwardSpec(kind, bind(bind), port(kind, text, parts.get(size - 1), 0), "", 0);
    }
    if (size == 1) {
      int port = port(kind, text, parts.get(0), 1);
      return new ForwardSpec(kind, kind.ownBind(), port, "localhost", port);
    }
    if (size != 3 && size != 4) {
      throw wrong(kind, text);
    }
    String bind = size == 4 ? bind(parts.get(0)) : kind.ownBind();
    String host = parts.get(size - 2);
    if (host.isEmpty() || host.length() > 255 || host.chars().anyMatch(c -> c <= ' ')) {
      throw wrong(kind, text);
    }
    return new ForwardSpec(
        kind,
        bind,
        port(kind, text, parts.get(size - 3), 0),
        host,
        port(kind, text, parts.get(size - 1), 1));
  }

  /** An empty address or a star is every address, as ssh has it. */
  private static String bind(String text) {
    return text.isEmpty() || text.equals("*") ? "0.0.0.0" : text;
  }

  private static List<String> parts(String text) {
    List<String> parts = new ArrayList<>();
    StringBuilder part = new StringBuilder();
    boolean inside = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '[' || c == ']') {
        inside = c == '[';
      } else if (c == ':' && !inside) {
        parts.add(part.toString());
        part.setLength(0);
      } else {
        part.append(c);
      }
    }
    parts.add(part.toString());
    return parts;
  }

  private static int port(Kind kind, String text, String digits, int least) {
    if (!digits.matches("[0-9]{1,5}")) {
      throw wrong(kind, text);
    }
    int port = Integer.parseInt(digits);
    if (port < least || port > MAX_PORT) {
      throw new IllegalArgumentException(
          "'%s' is no port; ports are %d to %d".formatted(digits, least, MAX_PORT));
    }
    return port;
  }

  private static IllegalArgumentException wrong(Kind kind, String text) {
    return new IllegalArgumentException(
        kind == Kind.DYNAMIC
            ? "'%s' is not [BIND:]PORT, such as -D 1080".formatted(text)
            : "'%s' is not [BIND:]PORT[:HOST:PORT], such as %s 8888 or %s 8080:localhost:80"
                .formatted(text, kind.flag(), kind.flag()));
  }

  /** The same with the port that was given for 0. */
  ForwardSpec withPort(int given) {
    return new ForwardSpec(kind, bind, given, host, hostPort);
  }

  /** Whether others than programs of the machine that listens can call. */
  public boolean isOpenToOthers() {
    String name = bind.toLowerCase(Locale.ROOT);
    return !(name.equals("localhost") || name.equals("::1") || name.matches("127\\.[0-9.]+"));
  }

  /** What is listened on, as a person writes it. */
  public String listens() {
    return bracketed(bind) + ":" + port;
  }

  /** Where it leads. */
  public String target() {
    return kind == Kind.DYNAMIC ? "wherever the client asks" : bracketed(host) + ":" + hostPort;
  }

  private static String bracketed(String address) {
    return address.contains(":") ? "[" + address + "]" : address;
  }

  /** As it is typed, in full, without the flag. */
  String words() {
    String listens = bind.equals(kind.ownBind()) ? Integer.toString(port) : listens();
    return kind == Kind.DYNAMIC ? listens : listens + ":" + bracketed(host) + ":" + hostPort;
  }

  /** As it is typed, in full. */
  @Override
  public String toString() {
    return kind.flag() + " " + words();
  }
}
