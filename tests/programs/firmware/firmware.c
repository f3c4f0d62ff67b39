/* A blinking fade: floating point, division, tables and an interrupt, so that libgcc and every section take part. */
typedef unsigned char u8;
typedef unsigned int u16;

#define PORTB (*(volatile u8 *)0x25)
#define OCR0A (*(volatile u8 *)0x47)

static const u8 pattern[8] = {1, 2, 4, 8, 16, 8, 4, 2};
static u16 levels[16];
static volatile u16 ticks = 3;

__attribute__((signal, used)) void __vector_16(void) { ticks++; }

static float curve(float x) { return x * x * (3.0f - 2.0f * x); }

static void fill_levels(void) {
    for (u8 i = 0; i < 16; i++) levels[i] = (u16)(curve((float)i / 15.0f) * 255.0f);
}

int main(void) {
    fill_levels();
    for (;;) {
        OCR0A = (u8)levels[ticks / 7 % 16];
        PORTB = pattern[ticks % 8];
        switch (ticks & 3) {
        case 0: PORTB ^= 0x20; break;
        case 1: PORTB |= 0x40; break;
        case 2: ticks *= 5; break;
        default: break;
        }
    }
}
