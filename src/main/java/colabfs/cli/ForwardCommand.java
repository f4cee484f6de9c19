package colabfs.cli;

import colabfs.control.ControlClient;
import colabfs.control.ControlException;
import colabfs.control.ForwardsDocument;
import colabfs.control.RunningMount;
import colabfs.forward.ForwardSpec;
import colabfs.forward.ForwardSpec.Kind;
import colabfs.forward.ForwardStatus;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code colabfs forward}. */
@Command(
    name = "forward",
    customSynopsis = {
      "colabfs forward [-p PROFILE|DIRECTORY] [-L] [BIND:]PORT[:HOST:PORT]... [-R SPEC]... [-D PORT]...",
      "       colabfs forward --list [--json]",
      "       colabfs forward --stop SPEC...|all"
    },
    description = {
      "Leads ports of this machine to the runtime, and back, over the mount's connection.",
      "",
      "'colabfs forward 8888' makes what listens on port 8888 of the runtime answer on"
          + " 127.0.0.1:8888 here; 8000:db:5432 leads port 8000 to db:5432 as the runtime sees it."
          + " Several are begun together or not at all. They last until they are stopped or the"
          + " mount ends, and come back by themselves after the connection was lost.",
      ""
    })
final class ForwardCommand implements Callable<Integer> {
  @ParentCommand
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Main main;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Parameters(
      arity = "0..*",
      paramLabel = "SPEC",
      description = "[BIND:]PORT[:HOST:PORT], as with -L; with --stop also a port alone, or 'all'.")
  private List<String> words = List.of();

  @Option(
      names = {"-L", "--local"},
      paramLabel = "SPEC",
      description = "A port here that leads to the runtime.")
  private List<String> local = List.of();

  @Option(
      names = {"-R", "--remote"},
      paramLabel = "SPEC",
      description = "A port of the runtime that leads here.")
  private List<String> remote = List.of();

  @Option(
      names = {"-D", "--dynamic"},
      paramLabel = "[BIND:]PORT",
      description = "A SOCKS proxy (4, 4a, 5) here that connects from the runtime.")
  private List<String> dynamic = List.of();

  @Option(names = "--list", description = "Show the forwards of the mount.")
  private boolean list;

  @Option(names = "--stop", description = "Stop those that are named.")
  private boolean stop;

  @Option(names = "--json", description = "With --list: print JSON (docs/STATUS.md).")
  private boolean json;

  @Override
  public Integer call() throws IOException, ControlException, CliFailure {
    boolean named = !(words.isEmpty() && local.isEmpty() && remote.isEmpty() && dynamic.isEmpty());
    if ((list && (stop || named)) || (json && !list)) {
      throw wrong("--list stands alone, but for --json");
    }
    if (!list && !named) {
      throw wrong("say which ports, such as 'colabfs forward 8888'");
    }
    List<ForwardSpec> specs = list || stop ? List.of() : specs();
    MountChoice choice = MountChoice.of(main);
    RunningMount mount = choice.mount(main.profileOption());
    ControlClient client = choice.mounts().client(mount);
    PrintWriter out = main.surroundings().out();
    if (list) {
      list(out, mount, client.listForwards());
    } else if (stop) {
      client
          .stopForwards(names())
          .forEach(status -> out.println("stopped " + Shown.plain(status.spec().toString())));
    } else {
      begin(out, client, specs);
    }
    return 0;
  }

  private void begin(PrintWriter out, ControlClient client, List<ForwardSpec> specs)
      throws ControlException {
    List<ForwardStatus> begun = client.forward(specs);
    for (ForwardStatus status : begun) {
      out.println(ForwardText.of(status));
      if (status.spec().isOpenToOthers()) {
        main.surroundings().warn(ForwardText.warning(status.spec()));
      }
    }
  }

  private void list(PrintWriter out, RunningMount mount, List<ForwardStatus> forwards) {
    if (json) {
      out.print(ForwardsDocument.of(mount.mountpoint(), forwards));
    } else if (forwards.isEmpty()) {
      out.println("nothing is forwarded");
    } else {
      forwards.forEach(status -> out.println(ForwardText.of(status)));
    }
  }

  private List<ForwardSpec> specs() {
    List<ForwardSpec> specs = new ArrayList<>();
    words.forEach(word -> specs.add(parse(Kind.LOCAL, word)));
    local.forEach(word -> specs.add(parse(Kind.LOCAL, word)));
    remote.forEach(word -> specs.add(parse(Kind.REMOTE, word)));
    dynamic.forEach(word -> specs.add(parse(Kind.DYNAMIC, word)));
    return specs;
  }

  private ForwardSpec parse(Kind kind, String word) {
    try {
      return ForwardSpec.parse(kind, word);
    } catch (IllegalArgumentException e) {
      throw wrong(String.valueOf(e.getMessage()));
    }
  }

  private List<String> names() {
    List<String> names = new ArrayList<>(words);
    local.forEach(word -> names.add("-L " + word));
    remote.forEach(word -> names.add("-R " + word));
    dynamic.forEach(word -> names.add("-D " + word));
    return names;
  }

  private ParameterException wrong(String text) {
    return new ParameterException(spec.commandLine(), text);
  }
}
