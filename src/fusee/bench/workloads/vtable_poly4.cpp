/* Virtual calls whose objects are of four classes. */
#define KINDS 4
#include "shapes.hpp"
