package colabfs.writeback;

import colabfs.remote.FakeRemoteFs;
import colabfs.remote.FakeTreeHelper;
import colabfs.remote.RemoteTree;

/** The same, with a helper on the runtime. */
final class JournaledFsWithHelperContractTest extends JournaledFsContractTest {
  @Override
  RemoteTree tree(FakeRemoteFs runtime) {
    return new FakeTreeHelper(runtime);
  }
}
