package colabfs.fs;

import colabfs.core.RemotePath;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * What a symbolic link's text looks like through the mount. Links resolve as they would on the
 * runtime, and never into the local machine: a hostile runtime must not steer an editor into the
 * user's own files.
 *
 * <p>The kernel follows the text, and {@code ..} takes it to the parent of wherever the names
 * before have led, perhaps through other links. So only {@code ..} at the very beginning can be
 * trusted, as the link's own directory is known; a text with {@code ..} further on is shown as what
 * it comes to, name by name.
 */
final class LinkText {
  private final List<String> root;
  private final String remoteRoot;
  private final String mountpoint;

  LinkText(String remoteRoot, String mountpoint) {
    this.root = absolute(Collections.emptyList(), remoteRoot);
    this.remoteRoot = remoteRoot.equals("/") ? "" : remoteRoot;
    this.mountpoint = mountpoint;
  }

  /** The text to show for a link that the runtime stores with that text. */
  String shown(RemotePath link, String stored) {
    List<String> directory = namesOf(link.toString());
    directory = directory.subList(0, directory.size() - 1);
    boolean outer = inWholeRuntime(directory);
    int depth = outer ? directory.size() - 2 : directory.size();
    if (!stored.startsWith("/") && upsLeadOnly(stored) && ups(stored) <= depth) {
      return stored;
    }
    List<String> target = onMount(absolute(onRuntime(directory), stored));
    return relative(directory, target);
  }

  /** The text to store for a link that is made through the mount. */
  String stored(RemotePath link, String given) {
    if (given.equals(mountpoint) || given.startsWith(mountpoint + "/")) {
      List<String> place = absolute(Collections.emptyList(), given.substring(mountpoint.length()));
      if (inWholeRuntime(place)) {
        return "/" + String.join("/", onRuntime(place));
      }
      String text = remoteRoot + given.substring(mountpoint.length());
      return text.isEmpty() ? "/" : text;
    }
    if (!given.startsWith("/") && upsLeadOnly(given)) {
      List<String> directory = namesOf(link.toString());
      directory = directory.subList(0, directory.size() - 1);
      List<String> place = absolute(directory, given);
      if (!inWholeRuntime(directory) && inWholeRuntime(place)) {
        return "/" + String.join("/", onRuntime(place));
      }
    }
    return given;
  }

  private static boolean inWholeRuntime(List<String> onMount) {
    return onMount.size() >= 2
        && onMount.get(0).equals(RuntimeTrees.SIDE_NAME)
        && onMount.get(1).equals(RuntimeTrees.WHOLE_NAME);
  }

  private List<String> onRuntime(List<String> onMount) {
    if (inWholeRuntime(onMount)) {
      return onMount.subList(2, onMount.size());
    }
    List<String> names = new ArrayList<>(root);
    names.addAll(onMount);
    return names;
  }

  private List<String> onMount(List<String> onRuntime) {
    if (onRuntime.size() >= root.size() && onRuntime.subList(0, root.size()).equals(root)) {
      return onRuntime.subList(root.size(), onRuntime.size());
    }
    List<String> names = new ArrayList<>();
    names.add(RuntimeTrees.SIDE_NAME);
    names.add(RuntimeTrees.WHOLE_NAME);
    names.addAll(onRuntime);
    return names;
  }

  /** Where a text leads from a directory, name by name; {@code ..} at the top stays there. */
  private static List<String> absolute(List<String> directory, String text) {
    List<String> names = text.startsWith("/") ? new ArrayList<>() : new ArrayList<>(directory);
    for (String name : namesOf(text)) {
      if (!name.equals("..")) {
        names.add(name);
      } else if (!names.isEmpty()) {
        names.remove(names.size() - 1);
      }
    }
    return names;
  }

  private static String relative(List<String> directory, List<String> target) {
    int common = 0;
    while (common < directory.size()
        && common < target.size()
        && directory.get(common).equals(target.get(common))) {
      common++;
    }
    List<String> names = new ArrayList<>(Collections.nCopies(directory.size() - common, ".."));
    names.addAll(target.subList(common, target.size()));
    return names.isEmpty() ? "." : String.join("/", names);
  }

  private static int ups(String text) {
    return (int) namesOf(text).stream().filter(name -> name.equals("..")).count();
  }

  private static boolean upsLeadOnly(String text) {
    return namesOf(text).lastIndexOf("..") < ups(text);
  }

  /** The names between the slashes, without empty ones and {@code .}. */
  private static List<String> namesOf(String text) {
    List<String> names = new ArrayList<>();
    int start = 0;
    while (start <= text.length()) {
      int end = text.indexOf('/', start);
      end = end < 0 ? text.length() : end;
      String name = text.substring(start, end);
      if (!name.isEmpty() && !name.equals(".")) {
        names.add(name);
      }
      start = end + 1;
    }
    return names;
  }
}
