package colabfs.ssh;

import colabfs.profile.Profile;
import colabfs.ssh.ConnectFailure.Reason;
import java.io.IOException;
import java.util.List;
import org.apache.sshd.client.session.ClientSession;

/** Through a program's standard input and output: OpenSSH's ProxyCommand. */
final class CommandTransport implements Transport {
  private final Profile profile;
  private final Profile.Command command;

  CommandTransport(Profile profile, Profile.Command command) {
    this.profile = profile;
    this.command = command;
  }

  @Override
  public String where() {
    return command.host() + ":" + command.port() + " (by proxy command)";
  }

  @Override
  public String nextStep() {
    return "Try the proxy command by hand.";
  }

  @Override
  public ClientSession connect(Dialing dialing) throws ConnectFailure {
    List<String> program;
    try {
      program = ProxyCommand.arguments(command, profile.user());
    } catch (IllegalArgumentException e) {
      throw new ConnectFailure(
          Reason.TRANSPORT,
          "%s. Correct it in the profile '%s'.".formatted(e.getMessage(), profile.name()),
          e);
    }
    try {
      return dialing.over(ProcessStream.start(program), null);
    } catch (IOException e) {
      throw new ConnectFailure(
          Reason.TRANSPORT,
          "the proxy command cannot be run: %s. Install it, or correct the profile."
              .formatted(e.getMessage()),
          e);
    }
  }
}
