/* Virtual calls whose objects are of six classes. */
#define KINDS 6
#include "shapes.hpp"
