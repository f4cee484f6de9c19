package colabfs;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Holds the house together: which room may see which, and which library lives where
 * (docs/DESIGN.md).
 */
@AnalyzeClasses(packages = "colabfs", importOptions = ImportOption.DoNotIncludeTests.class)
final class FloorsTest {

  /** The rooms by floor; arrows point to a lower floor only. */
  private static final Map<String, Integer> FLOORS =
      Map.ofEntries(
          Map.entry("core", 0),
          Map.entry("crypto", 0),
          Map.entry("remote", 1),
          Map.entry("profile", 1),
          Map.entry("config", 2),
          Map.entry("ssh", 2),
          Map.entry("agent", 2),
          Map.entry("cache", 2),
          Map.entry("writeback", 2),
          Map.entry("fs", 3),
          Map.entry("fuse", 4),
          Map.entry("exec", 4),
          Map.entry("forward", 4),
          Map.entry("machine", 4),
          Map.entry("restore", 4),
          Map.entry("demo", 4),
          Map.entry("notebook", 4),
          Map.entry("control", 5),
          Map.entry("app", 6),
          Map.entry("doctor", 7),
          Map.entry("cli", 8));

  /** Packages of a library, and the rooms that may use it. */
  private static final Map<String, Set<String>> LIBRARIES =
      Map.of(
          "ru.serce..", Set.of("fuse"),
          "jnr..", Set.of("fuse"),
          "org.apache.sshd..", Set.of("ssh", "demo"),
          "com.github.benmanes..", Set.of("cache"),
          "org.h2..", Set.of("cache"),
          "com.fasterxml..", Set.of("profile", "config", "control", "agent", "doctor", "notebook"),
          "org.eclipse.jgit..", Set.of("restore"),
          "java.net.http..", Set.of("ssh"),
          "picocli..", Set.of("cli"));

  @ArchTest
  static final ArchRule everyClassIsInARoom_andArrowsPointDown =
      classes()
          .should(
              new ArchCondition<JavaClass>("see only rooms of a lower floor") {
                @Override
                public void check(JavaClass from, ConditionEvents events) {
                  String room = roomOf(from);
                  if (!FLOORS.containsKey(room)) {
                    events.add(SimpleConditionEvent.violated(from, from + " is in no room"));
                    return;
                  }
                  from.getDirectDependenciesFromSelf().stream()
                      .filter(d -> d.getTargetClass().getPackageName().startsWith("colabfs"))
                      .filter(d -> !roomOf(d.getTargetClass()).equals(room))
                      .filter(
                          d ->
                              FLOORS.getOrDefault(roomOf(d.getTargetClass()), 99)
                                  >= FLOORS.getOrDefault(room, -1))
                      .forEach(
                          d -> events.add(SimpleConditionEvent.violated(from, d.getDescription())));
                }
              });

  @ArchTest
  static final ArchRule roomsHaveNoCycles =
      slices().matching("colabfs.(*)..").should().beFreeOfCycles();

  @ArchTest
  static void librariesLiveInTheirRooms(com.tngtech.archunit.core.domain.JavaClasses all) {
    LIBRARIES.forEach(
        (library, rooms) -> {
          List<String> allowed = rooms.stream().map(room -> "colabfs." + room + "..").toList();
          noClasses()
              .that(resideOutsideOfPackages(allowed.toArray(String[]::new)))
              .should()
              .dependOnClassesThat(resideInAPackage(library))
              .allowEmptyShould(true)
              .check(all);
        });
  }

  private static String roomOf(JavaClass type) {
    String[] parts = type.getPackageName().split("\\.", -1);
    return parts.length > 1 ? parts[1] : "";
  }
}
