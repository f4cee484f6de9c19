package colabfs.fs;

import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.RemoteTree;
import java.lang.System.Logger.Level;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * What a mount has of the helper on the runtime: listings, contents, and news, taken in the order
 * in which the helper saw the file system. Threading: any thread; {@link #caughtUp} and {@link
 * #warm} wait for the network.
 */
final class Helper implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Helper.class.getName());

  private final Environment environment;
  private final RemoteTree tree;
  private final Lookups lookups;
  private final OpenNodes nodes;
  private final Patience patience;
  private final LinkWatch link;
  private final Packs packs;
  private final News news;
  private final KernelCache kernel;
  private final ThreadPoolExecutor inOrder =
      new ThreadPoolExecutor(
          1,
          1,
          0,
          TimeUnit.SECONDS,
          new LinkedBlockingQueue<>(),
          Helper::thread,
          new ThreadPoolExecutor.DiscardPolicy());

  Helper(
      Environment environment,
      RemoteTree tree,
      KernelCache kernel,
      Lookups lookups,
      OpenNodes nodes,
      TimeKeeper times,
      Opening opening) {
    this.environment = environment;
    this.tree = tree;
    this.lookups = lookups;
    this.nodes = nodes;
    this.kernel = kernel;
    this.patience = environment.patience();
    this.link = environment.link();
    this.packs = new Packs(environment, tree, nodes, inOrder);
    this.news = new News(environment, lookups, nodes, times, kernel, inOrder);
    lookups.use(new Snapshots(environment, tree, inOrder, news));
    opening.use(packs);
    tree.listen(news);
  }

  private static Thread thread(Runnable work) {
    Thread thread = new Thread(work, "colabfs-news");
    thread.setDaemon(true);
    thread.setUncaughtExceptionHandler(
        (dead, failure) -> LOG.log(Level.ERROR, "what the helper told was not taken", failure));
    return thread;
  }

  /**
   * Whether everything that was changed on the runtime until now is known here, if watched.
   *
   * @param told the helper has told of it already; else it is asked to
   */
  boolean caughtUp(boolean told) {
    if (!tree.isUp() || link.isDown()) {
      return false;
    }
    try {
      if (!told) {
        var unused = patience.await(tree.caughtUp());
      }
      var unusedToo = patience.await(news.taken());
      return tree.isUp();
    } catch (FsException e) {
      return false;
    }
  }

  /** As {@link ColabFs#warm}. */
  WarmReport warm(RemotePath top, long maxFileBytes, WarmReport.Progress progress)
      throws FsException {
    return new Warming(environment, tree, lookups, nodes, inOrder, maxFileBytes, progress)
        .warm(top);
  }

  /** What the kernel knows at and below a path may be wrong, by what was done here. */
  void kernelForgets(RemotePath top) {
    kernel.nameChanged(top);
    kernel.treeChanged(top);
  }

  /** Another runtime answers. */
  void forgetRuntime() {
    packs.reset();
  }

  @Override
  public void close() {
    inOrder.shutdownNow();
  }
}
