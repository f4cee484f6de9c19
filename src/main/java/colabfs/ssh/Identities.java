package colabfs.ssh;

import colabfs.profile.Profile;
import colabfs.ssh.KeyFiles.BadKeyFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.PublicKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import org.apache.sshd.client.auth.pubkey.KeyAgentIdentity;
import org.apache.sshd.client.auth.pubkey.KeyPairIdentity;
import org.apache.sshd.client.auth.pubkey.PublicKeyIdentity;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.signature.SignatureFactoriesManager;
import org.jspecify.annotations.Nullable;

/**
 * The keys that one login may try, in order. With a key named in the profile that one alone, so
 * that a server's limit of tries is not used up by others; else the agent's keys, the user's
 * default ones, and the one that colabfs made for itself.
 *
 * <p>Threading: one login at a time.
 */
final class Identities implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Identities.class.getName());

  /** An agent may ask its user to confirm; OpenSSH's server gives a login two minutes. */
  static final Duration AGENT_TIMEOUT = Duration.ofSeconds(30);

  private final KeyFiles keyFiles;
  private final Prompts prompts;
  private final List<Candidate> candidates = new ArrayList<>();
  private final List<String> problems = new CopyOnWriteArrayList<>();
  private final List<Candidate> tried = new ArrayList<>();
  private @Nullable AgentClient agent;

  /**
   * A key that can be tried.
   *
   * @param agentKey held by the agent, or null
   * @param file else the file that holds it
   * @param passphrase the file's, where the profile has it
   */
  private record Candidate(
      Map.@Nullable Entry<PublicKey, String> agentKey,
      @Nullable Path file,
      @Nullable String passphrase) {}

  private Identities(KeyFiles keyFiles, Prompts prompts) {
    this.keyFiles = keyFiles;
    this.prompts = prompts;
  }

  /** Looks for keys; may ask for a passphrase, and wait for the agent. */
  static Identities gather(
      Profile.Credentials credentials, Surroundings user, KeyFiles keyFiles, Prompts prompts)
      throws BadKeyFile {
    Identities found = new Identities(keyFiles, prompts);
    try {
      String named = credentials.key();
      List<Map.Entry<PublicKey, String>> agentKeys = found.askAgent(user.agentSocket());
      if (named != null) {
        found.addNamed(Surroundings.keyPath(named), credentials.passphrase(), agentKeys);
      } else {
        agentKeys.forEach(key -> found.candidates.add(new Candidate(key, null, null)));
        found.addDefaults(user, credentials.hasPassword(), agentKeys);
      }
      return found;
    } catch (BadKeyFile | RuntimeException e) {
      found.close();
      throw e;
    }
  }

  private List<Map.Entry<PublicKey, String>> askAgent(@Nullable String socket) {
    if (socket == null) {
      return List.of();
    }
    try {
      AgentClient client = new AgentClient(socket, AGENT_TIMEOUT);
      agent = client;
      return client.getIdentities();
    } catch (IOException e) {
      problems.add("the ssh-agent at " + socket + " does not answer (" + e.getMessage() + ")");
      return List.of();
    }
  }

  private void addNamed(
      Path file, @Nullable String passphrase, List<Map.Entry<PublicKey, String>> agentKeys)
      throws BadKeyFile {
    if (keyFiles.needsPassphrase(file) && passphrase == null) {
      Map.Entry<PublicKey, String> held = held(KeyFiles.publicHalf(file), agentKeys);
      if (held != null) {
        candidates.add(new Candidate(held, null, null));
        return;
      }
    }
    keyFiles.load(file, passphrase, prompts); // now, so that a bad file is told as what it is
    candidates.add(new Candidate(null, file, passphrase));
  }

  /** The open ones first: a locked one is asked for only when nothing else is left to try. */
  private void addDefaults(
      Surroundings user, boolean hasPassword, List<Map.Entry<PublicKey, String>> agentKeys) {
    List<Candidate> locked = new ArrayList<>();
    for (Path file : user.keyFiles()) {
      if (!Files.exists(file) || held(KeyFiles.publicHalf(file), agentKeys) != null) {
        continue;
      }
      try {
        Candidate candidate = new Candidate(null, file, null);
        if (!keyFiles.needsPassphrase(file)) {
          candidates.add(candidate);
        } else if (!hasPassword) {
          locked.add(candidate);
        }
      } catch (BadKeyFile e) {
        problems.add(String.valueOf(e.getMessage()));
      }
    }
    candidates.addAll(locked);
  }

  private static Map.@Nullable Entry<PublicKey, String> held(
      @Nullable PublicKey key, List<Map.Entry<PublicKey, String>> agentKeys) {
    return agentKeys.stream()
        .filter(held -> key != null && KeyUtils.compareKeys(held.getKey(), key))
        .findFirst()
        .orElse(null);
  }

  boolean isEmpty() {
    return candidates.isEmpty();
  }

  /**
   * Keeps the first key that is as wanted, and drops all others; null when none is, and nothing is
   * dropped. Only a file whose public half cannot be seen is unlocked for it.
   */
  @Nullable PublicKey keepFirst(Predicate<PublicKey> wanted) {
    for (Candidate candidate : candidates) {
      PublicKey key = publicKey(candidate);
      if (key != null && wanted.test(key)) {
        candidates.clear();
        candidates.add(candidate);
        return key;
      }
    }
    return null;
  }

  private @Nullable PublicKey publicKey(Candidate candidate) {
    if (candidate.agentKey != null) {
      return candidate.agentKey.getKey();
    }
    Path file = Objects.requireNonNull(candidate.file);
    PublicKey half = KeyFiles.publicHalf(file);
    if (half != null) {
      return half;
    }
    try {
      return keyFiles.load(file, candidate.passphrase, prompts).getPublic();
    } catch (BadKeyFile e) {
      problems.add(String.valueOf(e.getMessage()));
      return null;
    }
  }

  /** What went wrong while looking, in words for the user. */
  List<String> problems() {
    return List.copyOf(problems);
  }

  /** The keys as MINA wants them; files are read, and passphrases asked for, on the way. */
  Keys keys(ClientSession session, SignatureFactoriesManager manager) {
    return new Keys(session, manager);
  }

  /** Walks through the keys, without those that this login has tried before. */
  final class Keys implements Iterator<PublicKeyIdentity> {
    private final ClientSession session;
    private final SignatureFactoriesManager manager;
    private final Iterator<Candidate> rest = candidates.iterator();
    private @Nullable PublicKeyIdentity next;
    private @Nullable Candidate nextCandidate;

    private Keys(ClientSession session, SignatureFactoriesManager manager) {
      this.session = session;
      this.manager = manager;
    }

    /** The next one, which stays the next one; null at the end. */
    @Nullable PublicKeyIdentity peek() {
      while (next == null && rest.hasNext()) {
        Candidate candidate = rest.next();
        if (!tried.contains(candidate)) {
          next = identity(candidate, session, manager);
          nextCandidate = candidate;
        }
      }
      return next;
    }

    @Override
    public boolean hasNext() {
      return peek() != null;
    }

    @Override
    public PublicKeyIdentity next() {
      PublicKeyIdentity result = peek();
      if (result == null) {
        throw new NoSuchElementException();
      }
      tried.add(Objects.requireNonNull(nextCandidate));
      next = null;
      return result;
    }
  }

  private @Nullable PublicKeyIdentity identity(
      Candidate candidate, ClientSession session, SignatureFactoriesManager manager) {
    Map.Entry<PublicKey, String> held = candidate.agentKey;
    if (held != null) {
      return new KeyAgentIdentity(agent, held.getKey(), held.getValue());
    }
    try {
      KeyPair pair =
          keyFiles.load(Objects.requireNonNull(candidate.file), candidate.passphrase, prompts);
      return new KeyPairIdentity(manager, session, pair);
    } catch (BadKeyFile e) {
      LOG.log(System.Logger.Level.DEBUG, "a key is passed over: {0}", e.getMessage());
      problems.add(String.valueOf(e.getMessage()));
      return null;
    }
  }

  /** A key in words: its kind, where it came from and its fingerprint. */
  String describe(PublicKey key) {
    String from = "";
    for (Candidate candidate : candidates) {
      Map.Entry<PublicKey, String> held = candidate.agentKey;
      if (held != null && KeyUtils.compareKeys(held.getKey(), key)) {
        from = " from the ssh-agent (" + held.getValue() + ")";
      } else if (candidate.file != null) {
        PublicKey half = KeyFiles.publicHalf(candidate.file);
        if (candidates.size() == 1 || (half != null && KeyUtils.compareKeys(half, key))) {
          from = " " + candidate.file;
        }
      }
    }
    HostKey printed = HostKey.of(key);
    return printed.type() + from + " " + printed.fingerprint();
  }

  @Override
  public void close() {
    AgentClient client = agent;
    if (client != null) {
      try {
        client.close();
      } catch (IOException e) {
        LOG.log(System.Logger.Level.DEBUG, "while leaving the ssh-agent: {0}", e.getMessage());
      }
    }
  }
}
