package colabfs.fuse;

import colabfs.core.RemotePath;
import colabfs.fs.FileHandle;
import colabfs.fs.FileSystem;
import colabfs.fs.KernelCache;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A file system that counts its calls, and says that all of it is watched but what is below {@code
 * /unwatched}. A look at a name that ends in {@code .held} waits until it is released.
 */
final class WatchedFs {
  private static final RemotePath UNWATCHED = RemotePath.of("/unwatched");

  private final FileSystem fs;
  private final AtomicLong calls = new AtomicLong();
  private final AtomicLong reads = new AtomicLong();
  private final AtomicLong held = new AtomicLong();
  private final CountDownLatch released = new CountDownLatch(1);

  WatchedFs(FileSystem fs) {
    this.fs = fs;
  }

  FileSystem asFileSystem() {
    return (FileSystem)
        Proxy.newProxyInstance(
            FileSystem.class.getClassLoader(),
            new Class<?>[] {FileSystem.class},
            (proxy, method, arguments) -> call(method, arguments));
  }

  private @Nullable Object call(Method method, Object[] arguments) throws Throwable {
    RemotePath path = arguments[0] instanceof RemotePath first ? first : RemotePath.ROOT;
    if (method.getName().equals("isWatched")) {
      return !path.startsWith(UNWATCHED);
    }
    calls.incrementAndGet();
    try {
      Object answer = method.invoke(fs, arguments);
      if (method.getName().equals("getattr") && path.name().endsWith(".held")) {
        held.incrementAndGet();
        released.await();
      }
      return answer instanceof FileHandle handle ? counting(handle) : answer;
    } catch (InvocationTargetException e) {
      throw e.getCause() == null ? e : e.getCause();
    }
  }

  private FileHandle counting(FileHandle handle) {
    return (FileHandle)
        Proxy.newProxyInstance(
            FileHandle.class.getClassLoader(),
            new Class<?>[] {FileHandle.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("read")) {
                reads.incrementAndGet();
              }
              try {
                return method.invoke(handle, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause() == null ? e : e.getCause();
              }
            });
  }

  /** Obeys one line of a test; returns what to answer. */
  String obey(String command, FuseMount mount) throws InterruptedException {
    KernelCache kernel = mount.kernelCache();
    String[] words = command.split(" ", 2);
    switch (words[0]) {
      case "trust" -> kernel.trust(true);
      case "untrust" -> kernel.trust(false);
      case "attrs" -> kernel.attrsChanged(RemotePath.of(words[1]));
      case "content" -> kernel.contentChanged(RemotePath.of(words[1]));
      case "name" -> kernel.nameChanged(RemotePath.of(words[1]));
      case "tree" -> kernel.treeChanged(RemotePath.of(words[1]));
      case "forgot" -> mount.awaitKernelForgot();
      case "release" -> released.countDown();
      case "storm" -> {
        for (int i = 0; i < 100_000; i++) {
          kernel.nameChanged(RemotePath.of("/" + words[1] + i % 100));
        }
      }
      case "calls" -> {
        return String.valueOf(calls.get());
      }
      case "reads" -> {
        return String.valueOf(reads.get());
      }
      case "held" -> {
        return String.valueOf(held.get());
      }
      default -> throw new IllegalArgumentException(command);
    }
    return "OK";
  }
}
