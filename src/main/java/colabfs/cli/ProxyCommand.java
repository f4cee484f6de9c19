package colabfs.cli;

import colabfs.app.AppException;
import colabfs.app.KnownMounts;
import colabfs.app.ServerProxy;
import colabfs.profile.OpenSshConfig;
import colabfs.profile.Profile;
import colabfs.profile.ProfileException;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code colabfs proxy PROFILE}: what {@code colabfs ssh-config} has ssh run. */
@Command(
    name = "proxy",
    hidden = true,
    description = {
      "Gives ssh the runtime's SSH server on standard input and output, over a mount's connection.",
      ""
    })
final class ProxyCommand implements Callable<Integer> {
  @ParentCommand
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Main main;

  @Parameters(arity = "1", paramLabel = "PROFILE", description = "The profile.")
  private String name = "";

  @Override
  public Integer call() throws AppException, IOException, ProfileException {
    Profile profile = main.store().load(name);
    OpenSshConfig.in(SshConfigCommand.home(main.surroundings())).refresh(profile);
    new ServerProxy(
            new FileInputStream(FileDescriptor.in), new FileOutputStream(FileDescriptor.out))
        .run(KnownMounts.of(main.surroundings().environment()), profile);
    return 0;
  }
}
