import org.teavm.interop.Export;

/** A ray tracer whose vectors, rays and hits are objects, and whose shapes are classes with virtual methods. */
final class Tracer {
    record Vector(double x, double y, double z) {
        Vector plus(Vector other) {
            return new Vector(x + other.x, y + other.y, z + other.z);
        }

        Vector minus(Vector other) {
            return new Vector(x - other.x, y - other.y, z - other.z);
        }

        Vector times(double factor) {
            return new Vector(x * factor, y * factor, z * factor);
        }

        double dot(Vector other) {
            return x * other.x + y * other.y + z * other.z;
        }

        Vector unit() {
            return times(1 / Math.sqrt(dot(this)));
        }
    }

    record Ray(Vector origin, Vector direction) {
        Vector at(double distance) {
            return origin.plus(direction.times(distance));
        }
    }

    record Hit(double distance, Vector point, Vector normal, Shape shape) {}

    abstract static class Shape {
        final double shine;

        Shape(double shine) {
            this.shine = shine;
        }

        abstract Hit meet(Ray ray);

        double light(Vector point) {
            return 1 - shine;
        }
    }

    static final class Sphere extends Shape {
        final Vector center;
        final double radius;

        Sphere(Vector center, double radius, double shine) {
            super(shine);
            this.center = center;
            this.radius = radius;
        }

        @Override
        Hit meet(Ray ray) {
            Vector way = ray.origin().minus(center);
            double half = way.dot(ray.direction());
            double root = half * half - way.dot(way) + radius * radius;
            if (root < 0) {
                return null;
            }
            double distance = -half - Math.sqrt(root);
            if (distance < 1e-4) {
                return null;
            }
            Vector point = ray.at(distance);
            return new Hit(distance, point, point.minus(center).unit(), this);
        }
    }

    static final class Floor extends Shape {
        Floor() {
            super(0.2);
        }

        @Override
        Hit meet(Ray ray) {
            double distance = -ray.origin().y() / ray.direction().y();
            return distance < 1e-4 ? null : new Hit(distance, ray.at(distance), new Vector(0, 1, 0), this);
        }

        @Override
        double light(Vector point) {
            return ((int) (point.x() + 4096) + (int) (point.z() + 4096) & 1) == 0 ? 0.9 : 0.3;
        }
    }

    private static final Vector SUN = new Vector(1, 2, -1).unit();

    private final Shape[] shapes;

    private Tracer(Shape... shapes) {
        this.shapes = shapes;
    }

    private Hit nearest(Ray ray) {
        Hit nearest = null;
        for (Shape shape : shapes) {
            Hit hit = shape.meet(ray);
            if (hit != null && (nearest == null || hit.distance() < nearest.distance())) {
                nearest = hit;
            }
        }
        return nearest;
    }

    private double trace(Ray ray, int depth) {
        Hit hit = nearest(ray);
        if (hit == null) {
            return 0.1 + 0.4 * Math.abs(ray.direction().y());
        }
        Shape shape = hit.shape();
        double shadow = nearest(new Ray(hit.point(), SUN)) == null ? 1 : 0.4;
        double light = shape.light(hit.point()) * shadow * Math.max(0.15, hit.normal().dot(SUN));
        if (depth == 0) {
            return light;
        }
        Vector mirrored = ray.direction().minus(hit.normal().times(2 * hit.normal().dot(ray.direction())));
        return light + shape.shine * trace(new Ray(hit.point(), mirrored), depth - 1);
    }

    @Export(name = "run")
    public static int run(int n) {
        int sum = 17;
        for (int frame = 0; frame < n; frame++) {
            Tracer scene = new Tracer(
                new Sphere(new Vector(0, 1, 4), 1, 0.5),
                new Sphere(new Vector(1.5, 0.5, 2.5), 0.5, 0.3),
                new Sphere(new Vector(-1.5, 0.4 + frame % 8 * 0.1, 3), 0.4, 0.7),
                new Floor());
            for (int row = 0; row < 16; row++) {
                for (int column = 0; column < 16; column++) {
                    Vector direction = new Vector((column - 7.5) / 10, (7.5 - row) / 10, 1).unit();
                    sum = sum * 31 + (int) (255 * scene.trace(new Ray(new Vector(0, 1, -1), direction), 3));
                }
            }
        }
        return sum;
    }

    public static void main(String[] arguments) {}
}
