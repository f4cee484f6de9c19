package colabfs.writeback;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class AddressesTest {

  @Test
  void openedFile_hasEveryByteAtItsPlace() {
    assertThat(Addresses.SAME.positionOf(77)).isEqualTo(77);
    assertThat(Addresses.SAME.placeOf(77)).isEqualTo(77);
  }

  @Test
  void placesStay_thoughTheFileIsMadeSmallerTwice() {
    Addresses.Successor filling = Addresses.SAME.new Successor();
    filling.copied(100, 40, 20); // 40..59
    filling.copied(500, 70, 30); // 70..99
    Addresses once = filling.end(1000, 110); // 1000 on is at 110 on
    assertThat(once.positionOf(105)).isEqualTo(45);
    assertThat(once.positionOf(529)).isEqualTo(99);
    assertThat(once.positionOf(1005)).isEqualTo(115);
    assertThat(once.placeOf(115)).isEqualTo(1005);

    Addresses.Successor again = once.new Successor();
    again.copied(70, 40, 30);
    again.copied(120, 80, 10);
    Addresses twice = again.end(300, 95);
    assertThat(twice.positionOf(500)).isEqualTo(40);
    assertThat(twice.positionOf(1010)).isEqualTo(80);
    assertThat(twice.positionOf(once.placeOf(300) + 3)).isEqualTo(98);
  }

  @Test
  void bytesThatWereLeftOut_areNowhere() {
    Addresses.Successor filling = Addresses.SAME.new Successor();
    filling.copied(100, 40, 20);
    Addresses smaller = filling.end(1000, 60);
    assertThat(smaller.positionOf(99)).isEqualTo(Layer.NOWHERE);
    assertThat(smaller.positionOf(120)).isEqualTo(Layer.NOWHERE);
    assertThat(smaller.positionOf(999)).isEqualTo(Layer.NOWHERE);
    Addresses anew = smaller.afresh(90, 40);
    assertThat(anew.positionOf(100)).isEqualTo(Layer.NOWHERE);
    assertThat(anew.positionOf(smaller.placeOf(90))).isEqualTo(40);
  }
}
