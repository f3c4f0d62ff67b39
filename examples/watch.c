/*
 * A mechanical watch in the terminal: the dial is cut open, the train of wheels turns, the balance swings,
 * and the hands show the time. Everything is drawn as distances to shapes, with 24-bit colours, two pixels a character.
 *
 *     fusee run examples/watch.wasm                            runs for five seconds
 *     fusee run examples/watch.wasm --seconds 60 --columns 100
 *     fusee run examples/watch.wasm --time 10:09:36            one picture
 *     fusee run --dir . examples/watch.wasm --time 10:09:36 --image watch.ppm
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TAU 6.283185307179586
#define FRAMES_PER_SECOND 10
#define MOST_COLUMNS 400

typedef struct {
    double x, y;
} Point;

typedef struct {
    double r, g, b;
} Colour;

/* A hand at its place: the cosine and sine of its angle, how far it reaches both ways, half its width. */
typedef struct {
    double cosine, sine, low, high, width;
    Colour colour;
} Hand;

/* What a picture depends on; `fineness` squared is the number of samples in a pixel. */
typedef struct {
    double seconds;
    int fineness;
    Hand hands[3];
} Scene;

typedef struct {
    Point centre;
    double radius, turns_per_minute, phase;
    int teeth, spokes;
    Colour colour;
} Wheel;

static const Colour steel = {0.78, 0.80, 0.84}, gold = {0.95, 0.76, 0.38}, brass = {0.72, 0.55, 0.26};
static const Colour ruby = {0.80, 0.10, 0.25}, blued = {0.16, 0.28, 0.62}, night = {0.030, 0.035, 0.060};

/* Wheels that touch turn against each other, at rates in proportion to their teeth. */
static const Wheel train[] = {
    {{-0.300, 0.150}, 0.330, 1.0, 0.00, 40, 5, {0.72, 0.55, 0.26}},
    {{0.190, 0.345}, 0.195, -1.6667, 0.13, 24, 4, {0.78, 0.62, 0.34}},
    {{0.395, 0.030}, 0.180, 1.8182, 0.06, 22, 4, {0.62, 0.47, 0.22}},
};

static double clamp(double x, double low, double high) { return x < low ? low : x > high ? high : x; }

static Colour mix(Colour a, Colour b, double t) {
    return (Colour){a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t};
}

static Colour scale(Colour c, double k) { return (Colour){c.r * k, c.g * k, c.b * k}; }

static double length(double x, double y) { return sqrt(x * x + y * y); }

/* Brushed metal: light comes in from two sides. */
static Colour metal(Colour base, double angle) {
    return scale(base, 0.62 + 0.30 * cos(2 * (angle - 0.9)) + 0.12 * cos(5 * angle + 1.0));
}

/* Paints one wheel over `under`, if p lies on its rim, spokes or hub. */
static Colour paint_wheel(const Wheel *wheel, Point p, double turn, Colour under) {
    double x = p.x - wheel->centre.x, y = p.y - wheel->centre.y, r = length(x, y) / wheel->radius;
    if (r > 1.1) return under;
    double angle = atan2(y, x), own = angle - turn;
    double rim = 0.985 + 0.075 * clamp(1.8 * cos(wheel->teeth * own), -1, 1);
    int on_spoke = fabs(sin(own * wheel->spokes / 2)) * r < 0.16;
    if (r > rim) return under;
    if (r < 0.07) return ruby;
    if (r > 0.76 || r < 0.20 || on_spoke) return metal(wheel->colour, angle - 0.5 * turn);
    return scale(under, 0.75);
}

/* The balance: a plain wheel that swings to and fro, five beats a second, above a breathing spiral spring. */
static Colour paint_balance(Point p, double seconds, Colour under) {
    double swing = 2.4 * sin(TAU * 2.5 * seconds);
    double x = p.x + 0.02, y = p.y + 0.33, r = length(x, y) / 0.25;
    if (r > 1.0) return under;
    double angle = atan2(y, x), own = angle - swing;
    if (r < 0.08) return ruby;
    if (r > 0.86) return metal(gold, angle);
    if (fabs(sin(own)) * r < 0.07) return metal(gold, own);
    double coil = r * (9.0 + 0.9 * sin(TAU * 2.5 * seconds)) - angle / TAU;
    if (r < 0.62 && fabs(coil - floor(coil + 0.5)) < 0.16) return scale(blued, 1.2);
    return scale(under, 0.6);
}

static Colour paint_movement(Point p, double seconds) {
    double stripes = 0.5 + 0.5 * sin(36 * (p.x + 0.6 * p.y));
    Colour colour = mix(night, scale(brass, 0.16), 0.4 + 0.4 * stripes);
    for (int i = 2; i >= 0; i--) {
        double turn = train[i].phase + TAU * train[i].turns_per_minute * floor(5 * seconds) / 300;
        colour = paint_wheel(&train[i], p, turn, colour);
    }
    return paint_balance(p, seconds, colour);
}

/* The ring with the hours, which leaves the movement to be seen. */
static Colour paint_dial(Point p, double r, Colour under) {
    if (r < 0.66) return under;
    double angle = atan2(p.x, -p.y);
    Colour colour = scale((Colour){0.06, 0.09, 0.20}, 1.0 + 0.5 * cos(2 * angle - 1.5));
    if (r < 0.675 || r > 0.885) colour = scale(gold, 0.55);
    double minute = angle / TAU * 60, hour = minute / 5;
    double off_minute = fabs(minute - floor(minute + 0.5)) / 60 * TAU * r;
    double off_hour = fabs(hour - floor(hour + 0.5)) / 12 * TAU * r;
    if (off_minute < 0.006 && r > 0.84 && r < 0.875) colour = steel;
    if (off_hour < 0.024 && r > 0.71 && r < 0.82) colour = metal(gold, 3 * off_hour / 0.024);
    return colour;
}

static Hand place_hand(double turns, double low, double high, double width, Colour colour) {
    return (Hand){cos(TAU * turns), sin(TAU * turns), low, high, width, colour};
}

/* Paints a hand, a line that grows thinner, lit on one side and dark on the other. */
static Colour paint_hand(const Hand *hand, Point p, Colour under) {
    double across = hand->cosine * p.x + hand->sine * p.y, along = hand->sine * p.x - hand->cosine * p.y;
    double taper = hand->width * (1.0 - 0.55 * clamp(along / hand->high, 0, 1));
    if (length(across, along - clamp(along, hand->low, hand->high)) > taper) return under;
    return scale(hand->colour, across < 0 ? 1.08 : 0.72);
}

/* The second hand moves with the balance, in fifths of a second. */
static Scene scene_at(double seconds, int fineness) {
    double beat = floor(5 * seconds) / 5;
    return (Scene){seconds,
                   fineness,
                   {place_hand(seconds / 43200, -0.08, 0.44, 0.036, steel),
                    place_hand(seconds / 3600, -0.10, 0.70, 0.028, steel),
                    place_hand(beat / 60, -0.20, 0.78, 0.013, (Colour){1.0, 0.32, 0.18})}};
}

static Colour paint(const Scene *scene, Point p) {
    double r = length(p.x, p.y);
    double crown = fmax(fabs(p.x - 0.975) - 0.025, fabs(p.y) - 0.06);
    if (r > 0.96) return crown < 0 ? metal(steel, 60 * p.y) : (Colour){0, 0, 0};
    if (r > 0.90) return metal(steel, atan2(p.y, p.x) + 8 * (r - 0.93));
    Colour colour = paint_dial(p, r, paint_movement(p, scene->seconds));
    for (int i = 0; i < 3; i++) colour = paint_hand(&scene->hands[i], p, colour);
    return r < 0.035 ? metal(gold, atan2(p.y, p.x)) : colour;
}

/* The mean of some samples, so that edges are smooth, as bytes for the eye's brightness. */
static void render_pixel(const Scene *scene, double left, double top, double width, unsigned char *pixel) {
    Colour sum = {0, 0, 0};
    for (int i = 0; i < scene->fineness; i++)
        for (int j = 0; j < scene->fineness; j++) {
            Point p = {left + width * (i + 0.5) / scene->fineness, top + width * (j + 0.5) / scene->fineness};
            Colour colour = paint(scene, p);
            sum = (Colour){sum.r + colour.r, sum.g + colour.g, sum.b + colour.b};
        }
    Colour mean = scale(sum, 1.0 / (scene->fineness * scene->fineness));
    pixel[0] = (unsigned char)(255 * sqrt(clamp(mean.r, 0, 1)));
    pixel[1] = (unsigned char)(255 * sqrt(clamp(mean.g, 0, 1)));
    pixel[2] = (unsigned char)(255 * sqrt(clamp(mean.b, 0, 1)));
}

static void render(Scene scene, int size, unsigned char *pixels) {
    for (int row = 0; row < size; row++)
        for (int column = 0; column < size; column++, pixels += 3)
            render_pixel(&scene, 2.0 * column / size - 1, 2.0 * row / size - 1, 2.0 / size, pixels);
}

/* Two rows of pixels a line: the upper half of each character is the foreground, the lower the background. */
static void show(const unsigned char *pixels, int size) {
    for (int row = 0; row + 1 < size; row += 2) {
        const unsigned char *upper = pixels + 3 * size * row, *lower = upper + 3 * size;
        for (int i = 0; i < size; i++, upper += 3, lower += 3) {
            int same = i > 0 && !memcmp(upper, upper - 3, 3) && !memcmp(lower, lower - 3, 3);
            if (!same)
                printf("\033[38;2;%d;%d;%d;48;2;%d;%d;%dm", upper[0], upper[1], upper[2], lower[0], lower[1], lower[2]);
            fputs("▀", stdout);
        }
        printf("\033[0m\n");
    }
}

static int write_image(const char *path, const unsigned char *pixels, int size) {
    FILE *file = fopen(path, "wb");
    if (!file) {
        perror(path);
        return 1;
    }
    fprintf(file, "P6\n%d %d\n255\n", size, size);
    size_t written = fwrite(pixels, 3, (size_t)(size * size), file);
    return fclose(file) != 0 || written != (size_t)(size * size);
}

static double time_of_day(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)(now.tv_sec % 86400) + (double)now.tv_nsec / 1e9;
}

static void animate(int size, double duration, unsigned char *pixels) {
    double start = time_of_day(), now = start;
    printf("\033[?25l");
    for (int frame = 1; now >= start && now - start < duration; frame++) {
        render(scene_at(now, 2), size, pixels);
        if (frame > 1) printf("\033[%dA", size / 2);
        show(pixels, size);
        fflush(stdout);
        double wait = start + (double)frame / FRAMES_PER_SECOND - time_of_day();
        if (wait > 0) usleep((useconds_t)(wait * 1e6));
        now = time_of_day();
    }
    printf("\033[?25h");
}

static int usage(void) {
    fputs("usage: watch [--time HH:MM:SS] [--seconds N] [--columns N] [--image FILE.ppm]\n", stderr);
    return 2;
}

int main(int argc, char **argv) {
    static unsigned char pixels[MOST_COLUMNS * MOST_COLUMNS * 3];
    double seconds = time_of_day(), duration = isatty(1) ? 5 : 0;
    int columns = 72;
    const char *image = NULL;
    for (int i = 1; i < argc; i += 2) {
        int h = 0, m = 0, s = 0;
        if (i + 1 == argc) return usage();
        if (!strcmp(argv[i], "--seconds")) duration = atof(argv[i + 1]);
        else if (!strcmp(argv[i], "--columns")) columns = atoi(argv[i + 1]);
        else if (!strcmp(argv[i], "--image")) image = argv[i + 1];
        else if (!strcmp(argv[i], "--time") && sscanf(argv[i + 1], "%d:%d:%d", &h, &m, &s) == 3)
            seconds = h * 3600 + m * 60 + s, duration = 0;
        else return usage();
    }
    if (columns < 2 || columns > MOST_COLUMNS) return usage();
    columns -= columns % 2;
    if (duration > 0 && !image) {
        animate(columns, duration, pixels);
        return 0;
    }
    render(scene_at(seconds, 3), columns, pixels);
    if (image) return write_image(image, pixels, columns);
    show(pixels, columns);
    return 0;
}
