/* Ray tracing: n pictures of mirroring balls over a chequered floor, with shadows, while the light moves. */
#include "workload.h"

namespace {

struct Vector {
    double x, y, z;
};

Vector operator+(Vector a, Vector b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
Vector operator-(Vector a, Vector b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
Vector operator*(Vector a, double by) { return {a.x * by, a.y * by, a.z * by}; }
double dot(Vector a, Vector b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
Vector unit(Vector a) { return a * (1 / __builtin_sqrt(dot(a, a))); }

struct Ray {
    Vector from, direction;
};

struct Ball {
    Vector centre;
    double radius, mirror;
    Vector colour;
};

struct Hit {
    double distance;
    Vector point, normal, colour;
    double mirror;
};

constexpr int WIDTH = 48;
constexpr int HEIGHT = 32;
constexpr int DEEPEST = 4;
constexpr int COLUMNS = 3;
constexpr int BALLS = COLUMNS * COLUMNS;
constexpr double NEAREST = 1e-6; // a surface does not hit itself
constexpr double FARTHEST = 1e9;

Ball balls[BALLS];
Vector light;

void arrange_balls() {
    for (int i = 0; i < BALLS; i++) {
        double column = i % COLUMNS - 1.0, row = i / COLUMNS;
        double radius = 0.35 + 0.05 * (i % 4);
        balls[i] = {{column * 1.1 + row * 0.2, radius - 1, 3 + row * 1.3}, radius, 0.2 + 0.06 * i,
                    {0.3 + 0.07 * i, 0.9 - 0.08 * i, 0.5 + 0.25 * (i & 1)}};
    }
}

// The distance to the ball along the ray, or FARTHEST.
double meet(const Ball &ball, const Ray &ray) {
    Vector to_centre = ball.centre - ray.from;
    double along = dot(to_centre, ray.direction);
    double discriminant = along * along - dot(to_centre, to_centre) + ball.radius * ball.radius;
    if (discriminant < 0) return FARTHEST;
    double root = __builtin_sqrt(discriminant);
    if (along - root > NEAREST) return along - root;
    return along + root > NEAREST ? along + root : FARTHEST;
}

bool hit_floor(const Ray &ray, Hit &hit) {
    double distance = (-1 - ray.from.y) / ray.direction.y;
    if (!(distance > NEAREST && distance < hit.distance)) return false;
    Vector point = ray.from + ray.direction * distance;
    bool dark = (static_cast<int>(point.x + 1000) ^ static_cast<int>(point.z + 1000)) & 1;
    double shade = dark ? 0.15 : 0.85;
    hit = {distance, point, {0, 1, 0}, {shade, shade, shade}, 0.15};
    return true;
}

bool find_hit(const Ray &ray, Hit &hit) {
    const Ball *nearest = nullptr;
    hit.distance = FARTHEST;
    for (const Ball &ball : balls) {
        double distance = meet(ball, ray);
        if (distance < hit.distance) hit.distance = distance, nearest = &ball;
    }
    if (nearest) {
        hit.point = ray.from + ray.direction * hit.distance;
        hit.normal = unit(hit.point - nearest->centre);
        hit.colour = nearest->colour, hit.mirror = nearest->mirror;
    }
    return (ray.direction.y < 0 && hit_floor(ray, hit)) || nearest;
}

bool in_shadow(const Ray &to_light, double distance) {
    for (const Ball &ball : balls)
        if (meet(ball, to_light) < distance) return true;
    return false;
}

double brightness(const Hit &hit) {
    Vector way = light - hit.point;
    double distance = __builtin_sqrt(dot(way, way));
    Ray to_light = {hit.point, way * (1 / distance)};
    double facing = dot(to_light.direction, hit.normal);
    return facing <= 0 || in_shadow(to_light, distance) ? 0.1 : 0.1 + 0.9 * facing;
}

Vector trace(Ray ray) {
    Vector colour = {0, 0, 0};
    double share = 1;
    for (int depth = 0; depth < DEEPEST; depth++) {
        Hit hit;
        if (!find_hit(ray, hit)) {
            double height = 0.5 + 0.5 * ray.direction.y;
            return colour + Vector{0.9 - 0.5 * height, 0.9 - 0.3 * height, 1} * share;
        }
        colour = colour + hit.colour * (share * (1 - hit.mirror) * brightness(hit));
        share *= hit.mirror;
        ray = {hit.point, ray.direction - hit.normal * (2 * dot(ray.direction, hit.normal))};
    }
    return colour;
}

uint32_t byte_of(double channel) { return channel >= 1 ? 255 : static_cast<uint32_t>(channel * 255); }

uint32_t draw(uint32_t sum) {
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            Vector direction = {(x + 0.5 - WIDTH / 2) / HEIGHT, (HEIGHT / 2 - y - 0.5) / HEIGHT, 1};
            Vector colour = trace({{0, 0.2, 0}, unit(direction)});
            sum = sum * 31 + (byte_of(colour.x) << 16 | byte_of(colour.y) << 8 | byte_of(colour.z));
        }
    return sum;
}

} // namespace

extern "C" WORKLOAD uint32_t run(uint32_t n) {
    uint32_t sum = 0;
    arrange_balls();
    for (uint32_t i = 0; i < n; i++) {
        light = {-4 + 0.5 * (i % 16), 5, 0.25 * (i % 8)};
        sum = draw(sum);
    }
    return sum;
}
