package colabfs.writeback;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.DirEntry;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.FakeRemoteFs;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteIdentity;
import colabfs.remote.RemoteTree;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Pending changes of files that the runtime does not have any more, as it is another one. */
@Timeout(60)
final class NewRuntimeTest {
  private static final RemotePath FILE = RemotePath.of("/f");

  @TempDir Path directory;
  private final FakeRemoteFs runtime = new FakeRemoteFs();

  @BeforeEach
  void fill() {
    runtime.put("/f", "old content");
  }

  private WriteBack open() throws Exception {
    return WriteBack.openAtRest(
        runtime,
        RemoteTree.NONE,
        new RemoteIdentity(0, 0, Set.of(0)),
        new WriteBack.Settings(directory, Duration.ofHours(1), "here", WriteBack.Fsync.LOCAL),
        InstantSource.system());
  }

  private static void write(WriteBack writeBack, String content, OpenFlag... more)
      throws Exception {
    EnumSet<OpenFlag> flags = EnumSet.of(OpenFlag.WRITE, more);
    RemoteFile file = writeBack.files().open(FILE, flags, 0644).get(10, TimeUnit.SECONDS);
    byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
    file.write(0, ByteBuffer.wrap(bytes)).get(10, TimeUnit.SECONDS);
    file.close().get(10, TimeUnit.SECONDS);
  }

  private void arrives(WriteBack writeBack) throws Exception {
    writeBack.begin();
    writeBack.flush(RemotePath.ROOT, Duration.ofSeconds(10), left -> {});
    assertThat(writeBack.conflicts()).isEmpty();
    assertThat(runtime.entries("/")).extracting(DirEntry::name).containsExactly("f");
  }

  @Test
  void wholeContent_basedOnNothing_takesItsName_alsoAfterARestart() throws Exception {
    try (WriteBack writeBack = open()) {
      write(writeBack, "new", OpenFlag.TRUNCATE);
      assertThat(writeBack.replacements())
          .containsExactly(new Replacement(1, FILE, runtime.attrs("/f"), true));
      runtime.remove("/f");
      writeBack.rebase(1, null);
      assertThat(writeBack.replacements()).isEmpty();
    }
    try (WriteBack writeBack = open()) {
      arrives(writeBack);
      assertThat(runtime.text("/f")).isEqualTo("new");
    }
  }

  @Test
  void wholeContent_notRebased_landsBesideAndIsAConflict() throws Exception {
    try (WriteBack writeBack = open()) {
      write(writeBack, "new", OpenFlag.TRUNCATE);
      runtime.remove("/f");
      writeBack.begin();
      writeBack.flush(RemotePath.ROOT, Duration.ofSeconds(10), left -> {});
      assertThat(writeBack.conflicts()).hasSize(1);
    }
  }

  @Test
  void partOfAContent_basedOnWhatWasSent_goesIntoThat_alsoAfterARestart() throws Exception {
    try (WriteBack writeBack = open()) {
      write(writeBack, "new");
      assertThat(writeBack.replacements()).extracting(Replacement::whole).containsExactly(false);
      runtime.remove("/f");
      runtime.put("/f", "new content, sent");
      writeBack.rebase(1, runtime.attrs("/f"));
    }
    try (WriteBack writeBack = open()) {
      arrives(writeBack);
      assertThat(runtime.text("/f")).isEqualTo("new content");
    }
  }

  @Test
  void whatWasBegun_withARuntimeThatIsGone_isBegunAgain_notRefused() throws Exception {
    try (WriteBack writeBack = open()) {
      write(writeBack, "new", OpenFlag.TRUNCATE);
      runtime.holdAnswers();
      writeBack.begin();
      CompletableFuture<Void> flushed =
          CompletableFuture.runAsync(
              () -> {
                try {
                  writeBack.flush(RemotePath.ROOT, Duration.ofSeconds(20), left -> {});
                } catch (FsException e) {
                  throw new CompletionException(e);
                }
              });
      // its temporary file is made there, and gone with that runtime
      Awaitility.await()
          .until(
              () -> {
                while (runtime.entries("/").size() < 2 && runtime.releaseOne()) {
                  // one step further
                }
                return runtime.entries("/").size() == 2;
              });
      writeBack.startOver();
      runtime.entries("/").forEach(entry -> runtime.remove("/" + entry.name()));
      writeBack.rebase(1, null);
      runtime.release();
      flushed.get(20, TimeUnit.SECONDS);
      assertThat(writeBack.conflicts()).isEmpty();
      assertThat(runtime.text("/f")).isEqualTo("new");
    }
  }

  @Test
  void newFile_replacesNothing() throws Exception {
    runtime.remove("/f");
    try (WriteBack writeBack = open()) {
      write(writeBack, "new", OpenFlag.CREATE);
      assertThat(writeBack.replacements()).isEmpty();
      writeBack.startOver();
      arrives(writeBack);
    }
  }
}
