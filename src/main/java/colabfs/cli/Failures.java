package colabfs.cli;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** The one place that turns what went wrong into a message and an exit code. */
final class Failures {

  /** While a command ran: its message, without a stack trace unless COLABFS_DEBUG is 1. */
  static int ofExecution(
      Surroundings surroundings, Exception failure, CommandLine command, ParseResult parsed) {
    if (failure instanceof ParameterException usage) {
      return ofUsage(surroundings, usage);
    }
    surroundings.err().println("colabfs: " + message(failure));
    if (surroundings.isDebugging()) {
      failure.printStackTrace(surroundings.err());
    }
    return failure instanceof CliFailure own
        ? own.exitCode()
        : command.getCommandSpec().exitCodeOnExecutionException();
  }

  /** While the command line was parsed. */
  static int ofUsage(Surroundings surroundings, ParameterException failure) {
    CommandLine command = failure.getCommandLine();
    surroundings
        .err()
        .println(
            "colabfs: %s; see '%s --help'"
                .formatted(plain(usageMessage(failure)), command.getCommandSpec().qualifiedName()));
    if (surroundings.isDebugging()) {
      failure.printStackTrace(surroundings.err());
    }
    return command.getCommandSpec().exitCodeOnInvalidInput();
  }

  private static String usageMessage(ParameterException failure) {
    if (!(failure instanceof UnmatchedArgumentException unmatched)
        || unmatched.getUnmatched().isEmpty()) {
      return String.valueOf(failure.getMessage());
    }
    String first = unmatched.getUnmatched().get(0);
    List<String> suggestions = unmatched.getSuggestions();
    String hint =
        suggestions.isEmpty()
            ? ""
            : " (did you mean %s?)".formatted(String.join(" or ", suggestions));
    if (first.startsWith("-")) {
      return "there is no option '%s'%s".formatted(first, hint);
    }
    return failure.getCommandLine().getSubcommands().isEmpty()
        ? "the argument '%s' is one too many".formatted(first)
        : "there is no command '%s'%s".formatted(first, hint);
  }

  static String message(Exception failure) {
    if (failure instanceof RuntimeException) {
      return "internal error: %s; run it with COLABFS_DEBUG=1 and report what it prints"
          .formatted(plain(failure.toString()));
    }
    if (failure instanceof NoSuchFileException missing) {
      return "there is no file " + plain(missing.getFile());
    }
    if (failure instanceof AccessDeniedException denied) {
      return "permission denied: " + plain(denied.getFile());
    }
    if (failure instanceof FileSystemException file && file.getReason() != null) {
      return plain(file.getFile() + ": " + file.getReason());
    }
    String text = failure.getMessage();
    if (text == null || text.isBlank()) {
      text = failure.toString();
    }
    return plain(failure instanceof IOException ? "input or output failed: " + text : text);
  }

  /** One line, and nothing that moves a terminal's cursor: a server may have had a hand in it. */
  private static String plain(String text) {
    return text.strip().replaceAll("\\s*\\R\\s*", " ").replaceAll("\\p{Cntrl}", "?");
  }

  private Failures() {}
}
