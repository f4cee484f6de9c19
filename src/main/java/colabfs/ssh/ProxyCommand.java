package colabfs.ssh;

import colabfs.profile.Profile;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * A proxy command made ready to be run: OpenSSH's ProxyCommand with {@code %h}, {@code %p}, {@code
 * %r} and {@code %%} replaced (ssh_config(5)).
 *
 * <p>A command without a shell's special characters is split into words, quotes honoured, and run
 * as it is; any other is given to {@code /bin/sh}, and what is put in is quoted for the place where
 * it stands. Neither way can a host's or user's name become a command or an option.
 */
public final class ProxyCommand {

  /** What makes a shell necessary; a backslash or quotes alone do not. */
  private static final String SHELL_CHARACTERS = "|&;<>()$`*?[]#~{}!\n";

  private ProxyCommand() {}

  /**
   * The program and its arguments.
   *
   * @throws IllegalArgumentException when the command cannot be read, or a name begins with a dash;
   *     the message is for the user
   */
  public static List<String> arguments(Profile.Command endpoint, String user) {
    UnaryOperator<String> values = values(endpoint, user);
    String template = endpoint.command().strip();
    if (template.isEmpty()) {
      throw new IllegalArgumentException("the proxy command is empty");
    }
    if (needsShell(template)) {
      return List.of("/bin/sh", "-c", "exec " + shellText(template, values));
    }
    return words(template, values);
  }

  /**
   * The words of a command in which a percent sign is nothing special; quotes are honoured.
   *
   * @throws IllegalArgumentException when a quote is not closed, or there is no word
   */
  static List<String> words(String command) {
    List<String> words = words(command.strip().replace("%", "%%"), token -> token);
    if (words.isEmpty()) {
      throw new IllegalArgumentException("the command is empty");
    }
    return words;
  }

  private static UnaryOperator<String> values(Profile.Command endpoint, String user) {
    for (String name : List.of(endpoint.host(), user)) {
      if (name.startsWith("-")) {
        throw new IllegalArgumentException(
            "'" + name + "' begins with a dash: a proxy command would take it for an option");
      }
    }
    return token ->
        switch (token) {
          case "h" -> endpoint.host();
          case "p" -> Integer.toString(endpoint.port());
          case "r" -> user;
          case "%" -> "%";
          default ->
              throw new IllegalArgumentException(
                  "the proxy command holds %"
                      + token
                      + ", which means nothing (known are %h, %p, %r and %%)");
        };
  }

  private static boolean needsShell(String template) {
    if (template.chars().anyMatch(c -> SHELL_CHARACTERS.indexOf(c) >= 0)) {
      return true;
    }
    // NAME=value before the program is the shell's business too
    String first = template.split("\\s", 2)[0];
    return first.indexOf('=') > 0;
  }

  /** Walks through a command with the eyes of a shell: what is quoted, and how. */
  private abstract static class Walk {
    static final char NONE = 0;

    char quote = NONE;

    void over(String template, UnaryOperator<String> values) {
      for (int i = 0; i < template.length(); i++) {
        char c = template.charAt(i);
        boolean last = i + 1 == template.length();
        if (c == '%') {
          value(values.apply(last ? "" : template.substring(i + 1, i + 2)));
          i++;
        } else if (c == '\\' && quote != '\'' && !last) {
          escaped(template.charAt(++i));
        } else if (quote == NONE ? c == '\'' || c == '"' : c == quote) {
          quote = quote == NONE ? c : NONE;
          mark(c);
        } else {
          plain(c);
        }
      }
      if (quote != NONE) {
        throw new IllegalArgumentException("a quote in the proxy command is not closed");
      }
    }

    abstract void value(String text);

    abstract void escaped(char c);

    abstract void mark(char c);

    abstract void plain(char c);
  }

  private static List<String> words(String template, UnaryOperator<String> values) {
    List<String> words = new ArrayList<>();
    StringBuilder word = new StringBuilder();
    Walk walk =
        new Walk() {
          boolean open;

          @Override
          void value(String text) {
            open = true;
            word.append(text);
          }

          @Override
          void escaped(char c) {
            open = true;
            if (quote == '"' && c != '"' && c != '\\') {
              word.append('\\');
            }
            word.append(c);
          }

          @Override
          void mark(char c) {
            open = true;
          }

          @Override
          void plain(char c) {
            if (quote == NONE && Character.isWhitespace(c)) {
              if (open) {
                words.add(word.toString());
                word.setLength(0);
                open = false;
              }
            } else {
              open = true;
              word.append(c);
            }
          }
        };
    walk.over(template + " ", values);
    return List.copyOf(words);
  }

  private static String shellText(String template, UnaryOperator<String> values) {
    StringBuilder text = new StringBuilder();
    new Walk() {
      @Override
      void value(String value) {
        text.append(
            switch (quote) {
              case '\'' -> value.replace("'", "'\\''");
              case '"' -> value.replaceAll("([\"\\\\$`])", "\\\\$1");
              default -> quoted(value);
            });
      }

      @Override
      void escaped(char c) {
        text.append('\\').append(c);
      }

      @Override
      void mark(char c) {
        text.append(c);
      }

      @Override
      void plain(char c) {
        text.append(c);
      }
    }.over(template, values);
    return text.toString();
  }

  private static String quoted(String value) {
    return value.matches("[A-Za-z0-9._:@%+,/-]+") ? value : "'" + value.replace("'", "'\\''") + "'";
  }
}
