package colabfs.cli;

import colabfs.forward.ForwardSpec;
import colabfs.forward.ForwardStatus;

/** How forwards look on the terminal. */
final class ForwardText {
  private ForwardText() {}

  /** One line. */
  static String of(ForwardStatus status) {
    StringBuilder text = new StringBuilder(way(status.spec()));
    if (status.total() > 0) {
      text.append(", %d open of %d so far".formatted(status.connections(), status.total()));
    }
    String trouble = status.trouble();
    if (trouble != null) {
      text.append(status.open() ? "; last trouble: " : "; not open: ").append(trouble);
    }
    return Shown.plain(text.toString());
  }

  private static String way(ForwardSpec spec) {
    return switch (spec.kind()) {
      case LOCAL -> "%s here -> %s on the runtime".formatted(spec.listens(), spec.target());
      case REMOTE -> "%s on the runtime -> %s here".formatted(spec.listens(), spec.target());
      case DYNAMIC -> "%s here, SOCKS -> the runtime's network".formatted(spec.listens());
    };
  }

  static String warning(ForwardSpec spec) {
    return spec.kind() == ForwardSpec.Kind.REMOTE
        ? "whoever reaches the runtime on port %d gets to %s here, as far as its server lets others in (GatewayPorts)"
            .formatted(spec.port(), spec.target())
        : "whoever reaches this machine on port %d gets to the runtime; leave out '%s' to keep others out"
            .formatted(spec.port(), spec.bind());
  }
}
