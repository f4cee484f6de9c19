package colabfs.fuse;

import colabfs.fs.FileSystem;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * The child process that serves a mount for the tests: {@code what directory mountpoint
 * [option...]}. Says MOUNTED, or FAILED with reason and message, on standard output; obeys the
 * lines unmount and force; unmounts and ends when its input ends.
 */
public final class ServeMain {
  private ServeMain() {}

  public static void main(String[] args) throws Exception {
    Path directory = Path.of(args[1]);
    WatchedFs watched = new WatchedFs(new PassThroughFs(directory));
    boolean isWatched = args[0].equals("watched");
    Duration kernelMemory = isWatched ? Duration.ofMillis(100) : Duration.ZERO;
    FileSystem fs =
        switch (args[0]) {
          case "passthrough" -> new PassThroughFs(directory);
          case "throwing" -> new ThrowingFs(new PassThroughFs(directory), directory);
          case "watched" -> watched.asFileSystem();
          case "names" -> NamesOnlyFs.create();
          default -> throw new IllegalArgumentException(args[0]);
        };
    List<String> options = Arrays.asList(args).subList(3, args.length);
    FuseSettings settings =
        new FuseSettings(
            "test",
            options.contains("ro"),
            options.contains("allow_other"),
            options.stream().filter(o -> !o.equals("ro") && !o.equals("allow_other")).toList(),
            kernelMemory,
            kernelMemory);
    FuseMount mount;
    try {
      mount = FuseMount.mount(fs, Path.of(args[2]), settings);
    } catch (MountException e) {
      System.out.println("FAILED " + e.reason() + " " + e.getMessage());
      return;
    }
    Runtime.getRuntime().addShutdownHook(new Thread(() -> unmount(mount)));
    System.out.println("MOUNTED");
    CompletableFuture<Void> said = mount.ended().thenRun(() -> System.out.println("ENDED"));
    BufferedReader commands =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    String command = commands.readLine();
    while (command != null) {
      if (isWatched && !command.equals("unmount") && !command.equals("force")) {
        System.out.println(watched.obey(command, mount));
      } else {
        obey(command, mount);
      }
      command = commands.readLine();
    }
    unmount(mount);
    System.exit(said.isDone() ? 0 : 1);
  }

  private static void obey(String command, FuseMount mount) {
    try {
      mount.unmount(command.equals("force"));
      System.out.println("UNMOUNTED");
    } catch (MountException e) {
      System.out.println("FAILED " + e.reason() + " " + e.getMessage());
    }
  }

  private static void unmount(FuseMount mount) {
    try {
      mount.unmount(true);
    } catch (MountException e) {
      System.err.println(e.getMessage());
    }
  }
}
